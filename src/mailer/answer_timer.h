#pragma once

#include "base/deadline.h"
#include "config/destination.h"
#include "smtp/wait.h"

#include <string>

namespace sshsm::mailer {

/// How long the mail server's next answer is waited for (RFC 5321 4.5.3.2, or less by
/// configuration). The greeting has one deadline from the dialling on; every other wait begins anew
/// with each reply that came and each octet that left.
class AnswerTimer {
 public:
  /// `respondent` is told with a failure where it is not the mail server himself who is silent.
  explicit AnswerTimer(const config::Destination& destination, std::string respondent = {});

  /// Dialling begins.
  void start();
  /// Something moved.
  void restart() { last_advance_ = base::Clock::now(); }
  [[nodiscard]] base::Deadline greeting_deadline() const { return greeting_deadline_; }
  [[nodiscard]] base::Deadline deadline_of(smtp::Wait wait) const;
  /// Throws `Failure` answer_timed_out where the deadline of this wait has passed.
  void check(smtp::Wait wait) const;

 private:
  const config::Destination& limits_;
  std::string respondent_;
  base::Deadline greeting_deadline_ = base::Deadline::never();
  base::Clock::time_point last_advance_ = base::Clock::now();
};

}  // namespace sshsm::mailer
