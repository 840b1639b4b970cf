#include "base/patience.h"

#include <poll.h>

#include <algorithm>

namespace sshsm::base {

bool Patience::wait_until_writable(int descriptor) {
  const Clock::time_point start = Clock::now();
  pollfd target{descriptor, POLLOUT, 0};
  const int ready = poll(&target, 1, static_cast<int>(left_.count()));
  const auto waited = std::chrono::duration_cast<Milliseconds>(Clock::now() - start);
  left_ -= std::min(left_, waited);
  return ready == 1;
}

}  // namespace sshsm::base
