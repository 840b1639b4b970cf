#pragma once

#include "ssh/handles.h"
#include "trust/host_key.h"

#include <optional>

namespace sshsm::ssh {

/// The public half of a key that libssh holds, in the form in which trust compares keys; nothing
/// for types that cannot be pinned.
[[nodiscard]] std::optional<trust::HostKey> public_half_of(ssh_key key);

}  // namespace sshsm::ssh
