#include "mailer/caller.h"

#include "base/failure.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

namespace sshsm::mailer {
namespace {

using base::Cause;
using base::Deadline;
using base::Failure;

constexpr short end_events = POLLHUP | POLLRDHUP | POLLERR;
constexpr std::size_t max_write = PIPE_BUF;

/// How much a descriptor that poll(2) calls writable takes without blocking: a pipe PIPE_BUF, a
/// file anything. A terminal that nobody reads promises a single octet, and one more would hold us
/// in write(2), where neither a deadline nor the end of the input is seen.
std::size_t max_write_without_waiting(int descriptor) {
  const bool is_pipe = fcntl(descriptor, F_GETPIPE_SZ) >= 0;
  return is_pipe || lseek(descriptor, 0, SEEK_CUR) >= 0 ? max_write : 1;
}

ssize_t write_without_waiting(int descriptor, std::string_view bytes) {
  const ssize_t sent = send(descriptor, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0 || errno != ENOTSOCK) return sent;
  return write(descriptor, bytes.data(),
               std::min(bytes.size(), max_write_without_waiting(descriptor)));
}

}  // namespace

short Caller::wait(int descriptor, short events, Deadline deadline) {
  for (;;) {
    std::array<pollfd, 2> watched{pollfd{descriptor, events, 0}, input_interest()};
    const Deadline until = has_batch() ? deadline : earlier(deadline, end_of_stay_);
    poll(watched.data(), watched.size(), until.poll_timeout());
    hear(watched[1].revents);
    // First of all: a host that floods us is always ready.
    if (end_of_stay_.passed() && !has_batch()) throw Failure(Cause::caller_gone);
    if (watched[0].revents != 0) return watched[0].revents;
    if (deadline.passed()) return 0;
  }
}

bool Caller::has_batch() const {
  return may_write_batch_ && !held_.empty();
}

pollfd Caller::input_interest() const {
  const bool has_room = held_.size() < max_held;
  if (has_ended_ || (is_leaving_ && !has_room)) return {-1, 0, 0};
  return {input_, static_cast<short>(has_room ? POLLIN | POLLRDHUP : POLLRDHUP), 0};
}

pollfd Caller::output_interest(bool has_output) const {
  return {has_output && !is_deaf_ ? output_ : -1, POLLOUT, 0};
}

void Caller::hear(short events) {
  if ((events & POLLNVAL) != 0) has_ended_ = true;
  if ((events & end_events) != 0 || has_ended_) note_end();
  if (!has_ended_ && events != 0 && held_.size() < max_held) read();
}

void Caller::hear_now() {
  pollfd watched = input_interest();
  if (poll(&watched, 1, 0) > 0) hear(watched.revents);
}

void Caller::read() {
  std::array<char, max_held> buffer{};
  const ssize_t size = ::read(input_, buffer.data(), max_held - held_.size());
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size > 0) {
    held_.append(buffer.data(), static_cast<std::size_t>(size));
    return;
  }
  has_ended_ = true;
  note_end();
}

void Caller::note_end() {
  if (is_leaving_) return;
  is_leaving_ = true;
  end_of_stay_ = Deadline::after(max_stay);
}

std::size_t Caller::tell(std::string_view bytes) {
  std::size_t told = 0;
  while (!is_deaf_ && told < bytes.size()) {
    pollfd watched = output_interest(true);
    if (poll(&watched, 1, 0) <= 0) return told;
    const ssize_t size = write_without_waiting(output_, bytes.substr(told, max_write));
    if (size > 0) told += static_cast<std::size_t>(size);
    if (size < 0 && errno != EAGAIN && errno != EINTR) is_deaf_ = true;
  }
  return is_deaf_ ? bytes.size() : told;
}

}  // namespace sshsm::mailer
