#include "base/deadline.h"

#include <algorithm>
#include <limits>

namespace sshsm::base {

int Deadline::poll_timeout() const {
  if (at_ == Clock::time_point::max()) return -1;
  const auto left = std::chrono::ceil<Milliseconds>(at_ - Clock::now()).count();
  using Count = decltype(left);
  return static_cast<int>(std::clamp<Count>(left, 0, std::numeric_limits<int>::max()));
}

}  // namespace sshsm::base
