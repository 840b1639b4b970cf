#pragma once

#include "admin/survey.h"
#include "config/destination.h"

#include <string>

namespace sshsm::admin {

/// What is pinned and what the hosts show, side by side: a line for each key of each host, with its
/// type, its fingerprint, and `pinned, offered`, `pinned, not offered`, `offered, not pinned`,
/// `revoked` or `revoked, offered`. Of a host that could not be asked: `pinned`.
[[nodiscard]] std::string trust_table(const config::Destination& destination, const Survey& survey);

/// True where a host shows a key that is pinned for it: mail gets at least that far.
[[nodiscard]] bool is_any_proved(const Survey& survey);

}  // namespace sshsm::admin
