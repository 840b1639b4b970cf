#include "mailer/probation.h"

#include "base/text.h"
#include "smtp/command_reader.h"

#include <algorithm>
#include <array>

namespace sshsm::mailer {
namespace {

constexpr auto opening_verbs =
    std::to_array<std::string_view>({"HELO", "EHLO", "NOOP", "RSET", "HELP", "QUIT"});

bool opens_session(std::string_view line) {
  const std::string_view word = line.substr(0, line.find_first_of(" \r\n"));
  return std::any_of(opening_verbs.begin(), opening_verbs.end(), [word](std::string_view verb) {
    return base::equals_ignoring_case(word, verb);
  });
}

}  // namespace

std::size_t Probation::may_pass(std::string_view held, bool has_ended) {
  switch (verdict_) {
    case Verdict::speaks:
      return held.size();
    case Verdict::writes:
      return 0;
    case Verdict::open:
      break;
  }
  const bool says_something = !held.empty();
  switch (state_) {
    case State::before_greeting:
      if (says_something || has_ended) verdict_ = Verdict::writes;
      return 0;
    case State::before_command:
      return says_something ? judge_first_line(held, has_ended) : 0;
    case State::before_answer:
      if (says_something) verdict_ = Verdict::writes;
      return 0;
  }
  return 0;
}

std::size_t Probation::judge_first_line(std::string_view held, bool has_ended) {
  const std::size_t line_feed = held.find('\n');
  if (line_feed == std::string_view::npos) {
    if (has_ended || held.size() > smtp::CommandReader::max_line) verdict_ = Verdict::writes;
    return 0;
  }
  if (line_feed + 1 < held.size() || !opens_session(held)) {
    verdict_ = Verdict::writes;
    return 0;
  }
  passed_ = held;
  command_at_ = base::Clock::now();
  state_ = State::before_answer;
  return held.size();
}

bool Probation::may_tell(std::string_view held, bool has_ended) {
  if (verdict_ != Verdict::open) return verdict_ == Verdict::speaks;
  if (state_ == State::before_command) return true;
  const bool is_greeting = state_ == State::before_greeting;
  if (!held.empty() || (is_greeting && has_ended)) {
    verdict_ = Verdict::writes;
    return false;
  }
  if (!is_greeting && !end_of_hold().passed()) return false;
  if (is_greeting)
    state_ = State::before_command;
  else
    verdict_ = Verdict::speaks;
  return true;
}

bool Probation::is_holding_back() const {
  return verdict_ == Verdict::open && state_ == State::before_answer;
}

base::Deadline Probation::end_of_hold() const {
  return base::Deadline(command_at_ + max_writer_gap);
}

}  // namespace sshsm::mailer
