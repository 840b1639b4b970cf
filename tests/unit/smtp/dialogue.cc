#include "dialogue.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace sshsm::smtp {
namespace {

constexpr auto verbs = std::to_array<std::string_view>(
    {"message", "stream", "body", "end", "finish", "close", "fails", "outcome", "need", "wait"});

/// `S: text` and `C: text` make groups of lines, `| text` and `= text` belong to the step above.
bool add_line(std::vector<Step>& steps, std::string_view line, std::size_t number) {
  const std::string_view mark = line.substr(0, line.find(' '));
  const std::string text(line.substr(std::min(line.size(), mark.size() + 1)));
  if (mark == "S:" || mark == "C:") {
    const std::string verb(mark.substr(0, 1));
    if (steps.empty() || steps.back().verb != verb) steps.push_back({number, verb, {}, {}});
    steps.back().lines.push_back(text);
    return true;
  }
  if (mark != "|" && mark != "=") return false;
  if (steps.empty()) throw std::runtime_error("nothing above line " + std::to_string(number));
  steps.back().lines.push_back(text);
  return true;
}

void parse_line(std::vector<Step>& steps, std::string_view line, std::size_t number) {
  if (add_line(steps, line, number)) return;
  std::vector<std::string> words = base::words_of(line);
  if (words.empty() || words.front().starts_with('#')) return;
  Step step{number, words.front(), {words.begin() + 1, words.end()}, {}};
  if (std::find(verbs.begin(), verbs.end(), step.verb) == verbs.end())
    throw std::runtime_error("unknown word in line " + std::to_string(number));
  steps.push_back(std::move(step));
}

Parameter parameter_of(const std::string& word) {
  const std::size_t equals = word.find('=');
  return {word.substr(0, equals), equals == std::string::npos ? "" : word.substr(equals + 1)};
}

}  // namespace

std::vector<Dialogue> parse_dialogues(std::string_view text) {
  constexpr std::string_view title_mark = "== ";
  std::vector<Step> opening;
  std::vector<Dialogue> dialogues;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with(title_mark))
      dialogues.push_back({std::string(line.substr(title_mark.size())), opening});
    else
      parse_line(dialogues.empty() ? opening : dialogues.back().steps, line, number);
  }
  return dialogues;
}

Envelope envelope_of(const Step& step) {
  Envelope envelope;
  for (const std::string& word : step.words) {
    if (!word.starts_with('<')) {
      auto& parameters =
          envelope.recipients.empty() ? envelope.parameters : envelope.recipients.back().parameters;
      parameters.push_back(parameter_of(word));
    } else if (envelope.reverse_path.empty()) {
      envelope.reverse_path = word;
    } else {
      envelope.recipients.push_back({word, {}});
    }
  }
  return envelope;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\r\n";
  return text;
}

}  // namespace sshsm::smtp
