#include "mailer/socket_stream.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace sshsm::mailer {
namespace {

constexpr std::size_t piece_size = 64UL * 1024;

bool must_wait(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

pollfd SocketStream::interest() {
  short events = 0;
  if (!is_ended_ && received_.size() < max_received) events |= POLLIN;
  if (is_full_) events |= POLLOUT;
  // Its end alone would wake us again and again.
  return {is_ended_ ? -1 : socket_.get(), events, 0};
}

void SocketStream::progress() {
  is_full_ = false;
  std::array<char, piece_size> piece;
  while (!is_ended_ && received_.size() < max_received) {
    const std::size_t room = std::min(piece.size(), max_received - received_.size());
    const ssize_t count = recv(socket_.get(), piece.data(), room, 0);
    if (count < 0 && must_wait(errno)) return;
    if (count <= 0)
      is_ended_ = true;
    else
      received_.append(piece.data(), static_cast<std::size_t>(count));
  }
}

std::size_t SocketStream::writable() const {
  return is_full_ || is_ended_ ? 0 : piece_size;
}

std::size_t SocketStream::write(std::string_view bytes) {
  bytes = bytes.substr(0, writable());
  if (bytes.empty()) return 0;
  const ssize_t count = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  // Where the other end is gone, what he said before is still to be read; then it has ended.
  if (count < 0 || static_cast<std::size_t>(count) < bytes.size()) is_full_ = true;
  return count < 0 ? 0 : static_cast<std::size_t>(count);
}

}  // namespace sshsm::mailer
