#include "sockets.h"

#include <array>
#include <cstring>
#include <stdexcept>

namespace sshsm::privilege {
namespace {

struct Passing {
  explicit Passing(char* byte) : piece{.iov_base = byte, .iov_len = 1} {
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
  }
  iovec piece;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
};

}  // namespace

Pair::Pair(int type) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, type, 0, ends.data()) != 0) throw std::runtime_error("socketpair");
  near.reset(ends[0]);
  far.reset(ends[1]);
}

base::Descriptor make_tcp_socket() {
  return base::Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

void pass_descriptor(int socket, int descriptor) {
  char byte = 'd';
  Passing passing(&byte);
  cmsghdr* const head = CMSG_FIRSTHDR(&passing.message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
  if (sendmsg(socket, &passing.message, 0) != 1) throw std::runtime_error("sendmsg");
}

int receive_descriptor(int socket) {
  char byte = 0;
  Passing passing(&byte);
  if (recvmsg(socket, &passing.message, MSG_CMSG_CLOEXEC) != 1) return -1;
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(CMSG_FIRSTHDR(&passing.message)), sizeof descriptor);
  return descriptor;
}

}  // namespace sshsm::privilege
