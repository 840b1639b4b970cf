#include "mailer/answer_timer.h"

#include "base/failure.h"

#include <algorithm>
#include <string>
#include <utility>

namespace sshsm::mailer {
namespace {

using base::Deadline;
using Wait = smtp::Wait;

// RFC 5321 4.5.3.2.5 and 4.5.3.2.4.
constexpr std::chrono::seconds max_go_ahead_wait{120};
constexpr std::chrono::seconds max_block_wait{180};

/// For the sentence `no answer in time: …`.
std::string name_of(Wait wait) {
  switch (wait) {
    case Wait::greeting:
      return "the greeting";
    case Wait::reply:
      return "the answer to a command";
    case Wait::go_ahead:
      return "the answer to DATA";
    case Wait::block:
      return "a piece of the message was not taken";
    case Wait::dot:
      return "the answer to the final dot";
    case Wait::nothing:
      break;
  }
  return "nothing";
}

}  // namespace

AnswerTimer::AnswerTimer(const config::Destination& destination, std::string respondent)
    : limits_(destination), respondent_(std::move(respondent)) {}

void AnswerTimer::start() {
  greeting_deadline_ = Deadline::after(limits_.greeting_timeout);
  restart();
}

Deadline AnswerTimer::deadline_of(Wait wait) const {
  switch (wait) {
    case Wait::greeting:
      return greeting_deadline_;
    case Wait::reply:
      return Deadline(last_advance_ + limits_.timeout);
    case Wait::go_ahead:
      return Deadline(last_advance_ + std::min(limits_.timeout, max_go_ahead_wait));
    case Wait::block:
      return Deadline(last_advance_ + std::min(limits_.timeout, max_block_wait));
    case Wait::dot:
      return Deadline(last_advance_ + limits_.dot_timeout);
    case Wait::nothing:
      break;
  }
  return Deadline::never();
}

void AnswerTimer::check(Wait wait) const {
  if (!deadline_of(wait).passed()) return;
  std::string detail = name_of(wait);
  if (!respondent_.empty()) detail += ", by " + respondent_;
  throw base::Failure(base::Cause::answer_timed_out, std::move(detail));
}

}  // namespace sshsm::mailer
