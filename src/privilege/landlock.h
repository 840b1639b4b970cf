#pragma once

namespace sshsm::privilege {

/// Denies this process and its children, for ever, everything that the kernel's Landlock can deny:
/// every access to files that are not open yet, TCP bind and connect (ABI 4), abstract Unix sockets
/// and signals to processes outside (ABI 6). Descriptors that are open keep working. Needs
/// no_new_privs. True where the kernel did it, false where it has no Landlock. Throws `Failure`
/// resources_exhausted where it has and did not do it: no descriptor or no memory was left. See
/// landlock(7).
[[nodiscard]] bool deny_by_landlock();

}  // namespace sshsm::privilege
