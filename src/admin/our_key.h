#pragma once

#include "admin/place.h"
#include "config/destination.h"
#include "trust/host_key.h"

#include <optional>
#include <string>

namespace sshsm::admin {

/// The public half of our key at `identity-file`, read as the mail user and under the mailer's
/// rules; nothing where there is no such file. Throws the key causes: a key that is there and
/// cannot be used is never written over.
[[nodiscard]] std::optional<trust::HostKey> find_our_key(const Place& place,
                                                         const config::Destination& destination);

/// Makes a key there: the mail user's and 0600, and `.pub` beside it, 0644, with the comment. A
/// key that is there by now is kept, which is a `Refusal`.
[[nodiscard]] trust::HostKey make_our_key(const Place& place,
                                          const config::Destination& destination,
                                          const std::string& comment);

}  // namespace sshsm::admin
