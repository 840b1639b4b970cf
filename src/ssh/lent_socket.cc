#include "ssh/lent_socket.h"

#include <sys/socket.h>

namespace sshsm::ssh {
namespace {

std::optional<std::uint64_t> cookie_of(int socket) noexcept {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (getsockopt(socket, SOL_SOCKET, SO_COOKIE, &cookie, &size) != 0) return std::nullopt;
  return cookie;
}

}  // namespace

void LentSocket::lend(base::Descriptor socket) noexcept {
  cookie_ = cookie_of(socket.get());
  number_ = socket.release();
}

void LentSocket::close() noexcept {
  if (cookie_ && cookie_of(number_) == cookie_) base::Descriptor(number_).reset();
  cookie_.reset();
}

}  // namespace sshsm::ssh
