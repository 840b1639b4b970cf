#pragma once

#include "base/descriptor.h"

#include <cstdint>
#include <optional>

namespace sshsm::ssh {

/// A socket that libssh was given by SSH_OPTIONS_FD, which is closed once, by whomever. libssh 0.10
/// closes it on each error, in ssh_disconnect and in ssh_free; 0.11 in ssh_free alone, and not even
/// there behind ssh_disconnect, which forgets it. Its number may be somebody else's by then: the
/// kernel's cookie of a socket, which never comes again, tells.
class LentSocket {
 public:
  LentSocket() = default;
  LentSocket(const LentSocket&) = delete;
  LentSocket& operator=(const LentSocket&) = delete;
  ~LentSocket() { close(); }

  void lend(base::Descriptor socket) noexcept;

  /// Closes the socket if libssh has not. libssh must not use it any more.
  void close() noexcept;

 private:
  int number_ = -1;
  std::optional<std::uint64_t> cookie_;
};

}  // namespace sshsm::ssh
