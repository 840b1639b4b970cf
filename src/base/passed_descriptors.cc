#include "base/passed_descriptors.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstring>

namespace sshsm::base {
namespace {

/// Room for the descriptors, as cmsg(3) wants it.
struct Control {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * max_passed_descriptors)> bytes{};
};

std::vector<Descriptor> descriptors_of(msghdr& message) {
  std::vector<Descriptor> found;
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return found;
  const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (std::size_t i = 0; i < count; ++i) {
    int number = -1;
    std::memcpy(&number, CMSG_DATA(header) + i * sizeof number, sizeof number);
    found.emplace_back(number);
  }
  return found;
}

}  // namespace

bool send_with_descriptors(int socket, std::span<const std::byte> message,
                           std::span<const int> descriptors) noexcept {
  // sendmsg(2) reads alone what it is given for writing, too.
  iovec content{const_cast<std::byte*>(message.data()), message.size()};
  Control control;
  msghdr whole{};
  whole.msg_iov = &content;
  whole.msg_iovlen = 1;
  if (!descriptors.empty()) {
    whole.msg_control = control.bytes.data();
    whole.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* const header = CMSG_FIRSTHDR(&whole);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  return sendmsg(socket, &whole, MSG_NOSIGNAL) >= 0;
}

bool receive_with_descriptors(int socket, std::span<std::byte> message,
                              std::vector<Descriptor>& descriptors) {
  iovec content{message.data(), message.size()};
  Control control;
  msghdr whole{};
  whole.msg_iov = &content;
  whole.msg_iovlen = 1;
  whole.msg_control = control.bytes.data();
  whole.msg_controllen = control.bytes.size();
  const ssize_t size = recvmsg(socket, &whole, MSG_CMSG_CLOEXEC);
  if (size >= 0) descriptors = descriptors_of(whole);
  return size == static_cast<ssize_t>(message.size());
}

}  // namespace sshsm::base
