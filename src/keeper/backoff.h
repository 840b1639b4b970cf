#pragma once

#include "base/deadline.h"
#include "base/failure.h"

#include <optional>

namespace sshsm::keeper {

/// How long after a failure to open the line none is opened again: whoever asks meanwhile is told
/// that failure at once, so that a queue run of a thousand messages does not wait a thousand
/// connect timeouts, and sshd's penalties are not raised by us. The times grow from failure to
/// failure, and a random part keeps many keepers from dialling one host at the same moment.
class Backoff {
 public:
  static constexpr base::Milliseconds first_pause{2000};
  static constexpr base::Milliseconds longest_pause{60000};

  /// `random` from 0 to 1 takes so much of half the pause away.
  void note_failure(base::Failure failure, base::Clock::time_point now, double random);
  /// It went well, or there is reason to believe that it would now.
  void reset();

  /// What to tell those who ask now; nothing where the line may be opened.
  [[nodiscard]] const base::Failure* reason_to_wait(base::Clock::time_point now) const;
  /// When it may be opened again.
  [[nodiscard]] base::Clock::time_point end() const { return end_; }

 private:
  std::optional<base::Failure> failure_;
  base::Milliseconds pause_ = first_pause;
  base::Clock::time_point end_{};
};

}  // namespace sshsm::keeper
