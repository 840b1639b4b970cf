#pragma once

#include "config/destination.h"

#include <cstddef>
#include <string>

namespace sshsm::admin {

/// `mx.friend.example`, or `[mx.friend.example]:2222` where the port is another than 22.
[[nodiscard]] std::string host_text(const config::Destination& destination, std::size_t index);

/// All of them, with ` or ` in between.
[[nodiscard]] std::string hosts_text(const config::Destination& destination);

}  // namespace sshsm::admin
