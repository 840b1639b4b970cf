#include "dialogue_words.h"

#include "base/causes.h"

namespace sshsm::smtp {
namespace {

std::string_view name_of(Fate fate) {
  switch (fate) {
    case Fate::accepted:
      return "accepted";
    case Fate::refused:
      return "refused";
    case Fate::deferred:
      return "deferred";
  }
  return {};
}

}  // namespace

std::string_view name_of(Wait wait) {
  switch (wait) {
    case Wait::greeting:
      return "greeting";
    case Wait::reply:
      return "reply";
    case Wait::go_ahead:
      return "go-ahead";
    case Wait::block:
      return "block";
    case Wait::dot:
      return "dot";
    case Wait::nothing:
      return "nothing";
  }
  return {};
}

std::string line_of(const MessageOutcome& outcome, const RecipientOutcome& recipient) {
  const auto& failure = outcome.failure;
  return recipient.path + " " + recipient.code + (recipient.is_cause ? " cause " : " shares ") +
         (failure ? base::explain(*failure, "friend", base::max_sentence) : recipient.reason);
}

std::string heading_of(const MessageOutcome& outcome) {
  std::string heading(name_of(outcome.fate));
  heading += " " + std::string(name_of(outcome.phase));
  if (outcome.failure) heading += " " + std::string(base::row_of(outcome.failure->cause()).name);
  return heading;
}

std::string joined_by_blanks(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace sshsm::smtp
