#pragma once

#include "base/deadline.h"

#include <chrono>

namespace sshsm::keeper {

/// How long the line stays up behind the last client.
class Lifetime {
 public:
  struct Settings {
    std::chrono::seconds linger{};
    std::chrono::seconds jitter{};
    bool is_persistent = false;
  };

  /// There are clients.
  void note_clients() { end_ = never; }
  /// There are none; `random` is from 0 to 1. Returns how long the line stays up, counted from the
  /// first such call behind `note_clients`, which alone counts.
  base::Milliseconds note_no_clients(const Settings& settings, base::Clock::time_point now,
                                     double random);

  /// When to hang up.
  [[nodiscard]] base::Deadline end() const { return base::Deadline(end_); }

 private:
  static constexpr auto never = base::Clock::time_point::max();

  base::Clock::time_point end_ = never;
};

}  // namespace sshsm::keeper
