#include "base/patience.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

namespace sshsm::base {

bool Patience::wait_until_writable(int descriptor) {
  const Clock::time_point start = Clock::now();
  pollfd target{descriptor, POLLOUT, 0};
  const int ready = poll(&target, 1, static_cast<int>(left_.count()));
  const auto waited = std::chrono::duration_cast<Milliseconds>(Clock::now() - start);
  left_ -= std::min(left_, waited);
  return ready == 1;
}

void Patience::write(int descriptor, std::string_view text, std::size_t at_once) {
  while (!text.empty() && wait_until_writable(descriptor)) {
    const ssize_t written = ::write(descriptor, text.data(), std::min(text.size(), at_once));
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::size_t octets_taken_at_once(int descriptor) {
  return isatty(descriptor) == 1 ? 1 : PIPE_BUF;
}

}  // namespace sshsm::base
