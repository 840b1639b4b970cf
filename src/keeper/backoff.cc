#include "keeper/backoff.h"

#include <algorithm>
#include <utility>

namespace sshsm::keeper {

using base::Clock;

void Backoff::note_failure(base::Failure failure, Clock::time_point now, double random) {
  const std::chrono::duration<double, std::milli> shortened =
      pause_ * (1 - std::clamp(random, 0.0, 1.0) / 2);
  failure_ = std::move(failure);
  end_ = now + std::chrono::duration_cast<base::Milliseconds>(shortened);
  pause_ = std::min(pause_ * 2, longest_pause);
}

void Backoff::reset() {
  failure_.reset();
  pause_ = first_pause;
}

const base::Failure* Backoff::reason_to_wait(Clock::time_point now) const {
  return failure_ && now < end_ ? &*failure_ : nullptr;
}

}  // namespace sshsm::keeper
