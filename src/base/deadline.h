#pragma once

#include <chrono>
#include <cstddef>

namespace sshsm::base {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

/// A point in time that a wait does not outlast.
class Deadline {
 public:
  [[nodiscard]] static Deadline after(Milliseconds span) { return Deadline(Clock::now() + span); }
  [[nodiscard]] static Deadline never() { return Deadline(Clock::time_point::max()); }
  explicit Deadline(Clock::time_point at) : at_(at) {}

  [[nodiscard]] bool passed() const { return Clock::now() >= at_; }
  [[nodiscard]] Clock::time_point time() const { return at_; }

  /// For poll(2): milliseconds left, rounded up, 0 when passed, -1 for never.
  [[nodiscard]] int poll_timeout() const;

  friend Deadline earlier(Deadline a, Deadline b) { return a.at_ < b.at_ ? a : b; }

  /// The end of the first of `others + 1` equal parts of the time from now to `whole`.
  friend Deadline share_of(Deadline whole, std::size_t others) {
    const auto now = Clock::now();
    return Deadline(now + (whole.at_ - now) / static_cast<Clock::rep>(others + 1));
  }

 private:
  Clock::time_point at_;
};

}  // namespace sshsm::base
