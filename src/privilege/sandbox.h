#pragma once

#include <string>

namespace sshsm::privilege {

/// What the kernel gave us of the sandbox.
struct Sandbox {
  bool has_landlock = false;
  bool has_seccomp = false;
};

/// `sandbox: Landlock on, seccomp not available`, for -v.
[[nodiscard]] std::string describe(const Sandbox& sandbox);

/// From here on no file can be opened, no socket made, no program run, no process signalled:
/// Landlock denies the file system and TCP, a seccomp allow-list answers everything but the system
/// calls of a running session with EPERM (an error and not a kill: libraries change their calls
/// between releases). Call it before the first byte from the peer is parsed and after
/// everything was opened. A kernel that has neither is no failure. One that has it and could not
/// set it up is: a caller could leave us just so much memory that we go on without (setrlimit(2)).
/// Throws `Failure` resources_exhausted. With the build option sandbox=false it does nothing.
Sandbox enter_sandbox();

/// The same for one who serves callers on sockets that listen already: it may accept them.
Sandbox enter_server_sandbox();

}  // namespace sshsm::privilege
