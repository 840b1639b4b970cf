#pragma once

#include "base/deadline.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sshsm::mailer {

/// Finds out whether a caller who named no mode speaks SMTP with us or writes a batch.
///
/// Somebody who listens waits for the greeting, opens with a command that opens a session, and
/// waits for its answer. Whoever does otherwise does not listen: read as a batch nothing of his is
/// lost, while his commands would meet replies that he does not read. What passes may still be a
/// batch written with pauses; `smtp::Relay::Caller::may_not_listen` takes care of that.
class Probation {
 public:
  /// The first answer is held back so long behind its command. A writer who does not listen goes on
  /// at once; but on a busy machine not before the mail server has answered, which may take less
  /// than a millisecond.
  static constexpr base::Milliseconds max_writer_gap{50};

  enum class Verdict { open, speaks, writes };
  [[nodiscard]] Verdict verdict() const { return verdict_; }

  /// How much of the input that was not taken yet may be passed on; `has_ended` says that no more
  /// of it will come.
  [[nodiscard]] std::size_t may_pass(std::string_view held, bool has_ended);
  /// Whether he may be told what is there for him: the greeting first, then the first answer. To be
  /// asked when his input was looked at right before.
  [[nodiscard]] bool may_tell(std::string_view held, bool has_ended);
  /// The answer to his first command is held back, and until when.
  [[nodiscard]] bool is_holding_back() const;
  [[nodiscard]] base::Deadline end_of_hold() const;
  /// What was passed on before the verdict: it is the beginning of the batch.
  [[nodiscard]] const std::string& passed() const { return passed_; }

 private:
  enum class State { before_greeting, before_command, before_answer };

  [[nodiscard]] std::size_t judge_first_line(std::string_view held, bool has_ended);

  Verdict verdict_ = Verdict::open;
  State state_ = State::before_greeting;
  std::string passed_;
  base::Clock::time_point command_at_{};
};

}  // namespace sshsm::mailer
