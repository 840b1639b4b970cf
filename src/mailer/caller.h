#pragma once

#include "base/deadline.h"
#include "base/waiter.h"

#include <poll.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace sshsm::mailer {

/// Whoever speaks SMTP to us on two descriptors: a mail server, a program, a person at a terminal.
///
/// As a waiter it listens to him while the line is being opened: sendmail closes its pipes on a
/// timeout and then waits for its mailer without limit, so the end of the input ends everything
/// within a second.
class Caller final : public base::Waiter {
 public:
  /// Input that waits to be taken; beyond it the caller waits.
  static constexpr std::size_t max_held = 64 * 1024;
  /// What may still be brought to its end once his input has ended; with the leaving itself it must
  /// stay below a second.
  static constexpr base::Milliseconds max_stay{900};

  /// Neither descriptor is owned, nor are their flags touched: they are shared with others.
  Caller(int input, int output) : input_(input), output_(output) {}

  /// While a batch may come of it, the end of an input that holds something ends nothing.
  void set_may_write_batch(bool may) { may_write_batch_ = may; }

  /// Throws `Failure` caller_gone `max_stay` after his input ended.
  [[nodiscard]] short wait(int descriptor, short events, base::Deadline deadline) override;

  /// For poll(2): whether he says something, and whether he takes something.
  [[nodiscard]] pollfd input_interest() const;
  [[nodiscard]] pollfd output_interest(bool has_output) const;
  /// What poll(2) said of `input_interest`: reads what is there, once.
  void hear(short events);
  /// The same without waiting for anything.
  void hear_now();

  /// Input that was not taken yet.
  [[nodiscard]] std::string_view held() const { return held_; }
  void consume(std::size_t count) { held_.erase(0, count); }
  /// All his input was read.
  [[nodiscard]] bool has_ended() const { return has_ended_; }
  /// `max_stay` after he closed his input, whether all of it was read or not.
  [[nodiscard]] base::Deadline end_of_stay() const { return end_of_stay_; }
  /// Nothing can be told to him any more.
  [[nodiscard]] bool is_deaf() const { return is_deaf_; }

  /// Writes as much as goes without waiting and says how many octets. What a caller who is deaf is
  /// told counts as written.
  [[nodiscard]] std::size_t tell(std::string_view bytes);

 private:
  [[nodiscard]] bool has_batch() const;
  void read();
  void note_end();

  int input_;
  int output_;
  std::string held_;
  bool may_write_batch_ = false;
  bool is_leaving_ = false;
  bool has_ended_ = false;
  bool is_deaf_ = false;
  base::Deadline end_of_stay_ = base::Deadline::never();
};

}  // namespace sshsm::mailer
