#pragma once

#include "base/descriptor.h"

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace sshsm::base {

/// The longest path that a Unix socket can have (unix(7)).
inline constexpr std::size_t max_socket_path = sizeof(sockaddr_un::sun_path) - 1;

/// The address of a Unix socket: a path, or a name of Linux's abstract space behind `@`.
class SocketAddress {
 public:
  /// A path that is longer than `max_socket_path` gives an address that nothing has.
  explicit SocketAddress(std::string_view path) noexcept;

  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&address_);
  }
  [[nodiscard]] socklen_t size() const noexcept { return size_; }

 private:
  sockaddr_un address_{};
  socklen_t size_ = 0;
};

/// A socket that does not block, connected with whoever listens at `path`; none where nobody does,
/// or he has no room for one more: errno says which.
[[nodiscard]] Descriptor connect_to_socket(std::string_view path, int type) noexcept;

/// Two sockets of this type, connected with each other, that block. Throws `Failure`
/// resources_exhausted.
[[nodiscard]] std::pair<Descriptor, Descriptor> socket_pair(int type);

/// Who is at the other end of a connected Unix socket: his effective user when he connected, or
/// when he began to listen (SO_PEERCRED). No value for other sockets.
[[nodiscard]] std::optional<uid_t> user_at_other_end(int socket) noexcept;

}  // namespace sshsm::base
