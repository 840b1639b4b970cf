#include "base/unix_socket.h"

#include "base/failure.h"
#include "base/text.h"

#include <array>
#include <cerrno>

namespace sshsm::base {

SocketAddress::SocketAddress(std::string_view path) noexcept {
  address_.sun_family = AF_UNIX;
  if (path.empty() || path.size() > max_socket_path) path = "/";
  path.copy(address_.sun_path, max_socket_path);
  const bool is_abstract = path.front() == '@';
  if (is_abstract) address_.sun_path[0] = '\0';
  // An abstract name has no end but the size; a path has its NUL.
  size_ =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (is_abstract ? 0 : 1));
}

Descriptor connect_to_socket(std::string_view path, int type) noexcept {
  const SocketAddress address(path);
  Descriptor socket(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket || connect(socket.get(), address.get(), address.size()) != 0) return {};
  return socket;
}

std::pair<Descriptor, Descriptor> socket_pair(int type) {
  std::array<int, 2> pair{-1, -1};
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair.data()) != 0)
    throw Failure(Cause::resources_exhausted, system_error_text(errno));
  return {Descriptor(pair[0]), Descriptor(pair[1])};
}

std::optional<uid_t> user_at_other_end(int socket) noexcept {
  ucred peer{};
  int domain = 0;
  socklen_t size = sizeof domain;
  // A TCP socket would answer the second question, too.
  if (getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX)
    return std::nullopt;
  size = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer.uid;
}

}  // namespace sshsm::base
