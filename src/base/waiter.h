#pragma once

#include "base/deadline.h"

namespace sshsm::base {

/// How set-up code waits without owning a loop: whoever calls it decides what else is watched
/// meanwhile, and throws from `wait` to end it.
class Waiter {
 public:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  virtual ~Waiter() = default;

  /// Waits until poll(2) has something to say of `descriptor` (-1: nothing, a pause) and returns
  /// its revents, or 0 when the deadline passed first.
  [[nodiscard]] virtual short wait(int descriptor, short events, Deadline deadline) = 0;
};

/// Watches nothing else.
class PlainWaiter final : public Waiter {
 public:
  [[nodiscard]] short wait(int descriptor, short events, Deadline deadline) override;
};

}  // namespace sshsm::base
