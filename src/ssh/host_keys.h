#pragma once

#include "base/deadline.h"
#include "ssh/connection.h"
#include "trust/host_key.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace sshsm::ssh {

/// The key of this type that the host with this index shows, or nothing where it has none: one
/// handshake in which no other type is offered, and which ends before any login. `deadline` covers
/// the connection as well. Whose key it is remains to be proved; `means.pins` is not looked at.
/// Throws the failures of the dialler and the handshake.
[[nodiscard]] std::optional<trust::HostKey> fetch_host_key(const Means& means,
                                                           std::size_t host_index,
                                                           const std::string& type,
                                                           base::Deadline deadline);

/// All keys of the host, best type first, each within connect-timeout. Throws where one handshake
/// fails for another reason than the type, or where the host has no key at all: then
/// host_key_type_unpinned.
[[nodiscard]] std::vector<trust::HostKey> fetch_host_keys(const Means& means,
                                                          std::size_t host_index);

}  // namespace sshsm::ssh
