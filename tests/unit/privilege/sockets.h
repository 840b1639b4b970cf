#pragma once

#include "base/descriptor.h"

#include <netinet/in.h>
#include <sys/socket.h>

namespace sshsm::privilege {

/// An address that nothing is meant to be reached at.
[[nodiscard]] inline sockaddr_in loopback() {
  return {
      .sin_family = AF_INET, .sin_port = 9, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
}

[[nodiscard]] inline const sockaddr* generic(const auto& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

/// Two Unix sockets that are connected with each other.
struct Pair {
  explicit Pair(int type = SOCK_STREAM);
  base::Descriptor near;
  base::Descriptor far;
};

[[nodiscard]] base::Descriptor make_tcp_socket();

/// Sends an open descriptor along, as the dialler does, and takes it at the other end (-1: none).
void pass_descriptor(int socket, int descriptor);
[[nodiscard]] int receive_descriptor(int socket);

}  // namespace sshsm::privilege
