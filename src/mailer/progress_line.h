#pragma once

#include "base/deadline.h"

#include <cstddef>
#include <string>

namespace sshsm::mailer {

/// One line on a person's terminal that tells how far a large message is, and is gone when anything
/// else is said: `sent 12.4 MB, 1.3 MB/s`. Where there is no terminal it does nothing.
///
/// It never waits for the terminal: somebody who stops its output, or nobody who reads it, must not
/// stop the mail.
class ProgressLine {
 public:
  /// A message up to this has no line.
  static constexpr std::size_t max_small = 1'000'000;
  /// From one drawing to the next.
  static constexpr base::Milliseconds pause{250};

  /// `descriptor` is not owned; it is asked now whether it is a terminal, since the sandbox lets
  /// nobody ask.
  explicit ProgressLine(int descriptor);

  /// A message begins, of so many octets or more.
  void begin(std::size_t size);
  /// So many more octets have left.
  void advance(std::size_t octets);
  /// Takes the line away, if there is one, until the next octets leave.
  void clear();

 private:
  [[nodiscard]] std::string text() const;
  void show(const std::string& text);

  int descriptor_;
  bool is_large_ = false;
  std::size_t octets_ = 0;
  std::size_t width_ = 0;  ///< of what stands there
  base::Clock::time_point begin_{};
  base::Deadline next_ = base::Deadline::never();
};

}  // namespace sshsm::mailer
