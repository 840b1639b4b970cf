#include "mailer/report.h"

#include "base/text.h"

namespace sshsm::mailer {
namespace {

/// More lines than fit are only counted, so that memory stays constant.
constexpr std::size_t max_lines = 64;
constexpr std::size_t max_path = 120;
/// Room for `and 12345678 more` and its line end.
constexpr std::size_t room_for_count = 32;

base::ExitStatus status_of(smtp::Fate fate) noexcept {
  switch (fate) {
    case smtp::Fate::accepted:
      return base::ExitStatus::accepted;
    case smtp::Fate::refused:
      return base::ExitStatus::refused;
    case smtp::Fate::deferred:
      break;
  }
  return base::ExitStatus::deferred;
}

std::string_view verb_of(smtp::Fate fate) {
  return fate == smtp::Fate::refused ? "the mail server refused "
                                     : "the mail server does not take now ";
}

}  // namespace

void Report::add(const smtp::MessageOutcome& outcome) {
  add_status(status_of(outcome.fate));
  if (outcome.fate == smtp::Fate::accepted) return;
  const std::string head = " " + base::speaker(destination_, host_);
  if (outcome.failure && !outcome.recipients.empty()) return add_line(line_of(*outcome.failure));
  for (const smtp::RecipientOutcome& recipient : outcome.recipients) {
    if (!recipient.is_cause) continue;
    add_line({recipient.code, base::concat({head, verb_of(recipient.fate),
                                            base::printable(recipient.path, max_path), ": ",
                                            base::quoted(recipient.reason, base::max_peer_text)})});
  }
}

void Report::add(const base::Failure& failure) {
  add_status(base::ExitStatus::deferred);
  add_line(line_of(failure));
}

void Report::begin_with(const base::Failure& failure) {
  add_status(base::ExitStatus::deferred);
  const Line line = line_of(failure);
  std::erase(lines_, line);
  lines_.insert(lines_.begin(), line);
}

Report::Line Report::line_of(const base::Failure& failure) const {
  const std::string whole = base::describe(failure, destination_, host_);
  const std::size_t code_size = base::row_of(failure.cause()).code.size();
  return {whole.substr(0, code_size), whole.substr(code_size)};
}

void Report::add_line(Line line) {
  if (lines_.size() < max_lines)
    lines_.push_back(std::move(line));
  else
    ++left_out_;
}

void Report::add_status(base::ExitStatus status) {
  status_ = has_status_ ? worse(status_, status) : status;
  has_status_ = true;
}

base::ExitStatus Report::exit_status() const {
  return has_status_ ? status_ : base::ExitStatus::deferred;
}

bool Report::tells_of_deferral() const {
  return has_status_ && status_ == base::ExitStatus::deferred;
}

std::string Report::text() const {
  if (exit_status() == base::ExitStatus::accepted) return {};
  const bool is_deferred = exit_status() == base::ExitStatus::deferred;
  std::string text;
  std::size_t shown = 0;
  for (; shown < lines_.size(); ++shown) {
    std::string line = lines_[shown].code + lines_[shown].rest;
    if (is_deferred) line[0] = '4';
    line = base::shortened(std::move(line), base::max_sentence) + "\n";
    if (text.size() + line.size() + room_for_count > max_total) break;
    text += line;
  }
  const std::size_t hidden = lines_.size() - shown + left_out_;
  if (hidden > 0) text += base::concat({"and ", std::to_string(hidden), " more\n"});
  return text;
}

}  // namespace sshsm::mailer
