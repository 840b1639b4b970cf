#include "dialogue.h"

#include "base/text.h"

#include <dirent.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace sshsm::smtp {
namespace {

bool contains(const std::vector<std::string_view>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::vector<std::string> names_in(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(directory.c_str()), closedir);
  if (!listing) throw std::runtime_error("cannot list the dialogues");
  std::vector<std::string> names;
  while (const dirent* const entry = readdir(listing.get())) {
    const std::string name = entry->d_name;
    if (name.ends_with(".txt")) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

/// `S: text` and the like make groups of lines, `| text` and `= text` belong to the step above.
bool add_line(std::vector<Step>& steps, std::string_view line, std::size_t number,
              const Notation& notation) {
  const std::string_view mark = line.substr(0, line.find(' '));
  const std::string text(line.substr(std::min(line.size(), mark.size() + 1)));
  if (contains(notation.marks, mark)) {
    const std::string verb(mark.substr(0, mark.size() - 1));
    if (steps.empty() || steps.back().verb != verb) steps.push_back({number, verb, {}, {}});
    steps.back().lines.push_back(text);
    return true;
  }
  if (mark != "|" && mark != "=") return false;
  if (steps.empty()) throw std::runtime_error("nothing above line " + std::to_string(number));
  steps.back().lines.push_back(text);
  return true;
}

void parse_line(std::vector<Step>& steps, std::string_view line, std::size_t number,
                const Notation& notation) {
  if (add_line(steps, line, number, notation)) return;
  std::vector<std::string> words = base::words_of(line);
  if (words.empty() || words.front().starts_with('#')) return;
  Step step{number, words.front(), {words.begin() + 1, words.end()}, {}};
  if (!contains(notation.verbs, step.verb))
    throw std::runtime_error("unknown word in line " + std::to_string(number));
  steps.push_back(std::move(step));
}

Parameter parameter_of(const std::string& word) {
  const std::size_t equals = word.find('=');
  return {word.substr(0, equals), equals == std::string::npos ? "" : word.substr(equals + 1)};
}

}  // namespace

std::vector<Dialogue> parse_dialogues(std::string_view text, const Notation& notation) {
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
      parse_line(dialogues.empty() ? opening : dialogues.back().steps, line, number, notation);
  }
  return dialogues;
}

void for_each_dialogue(const std::string& directory, std::size_t least, const Notation& notation,
                       const std::function<void(const Dialogue&, std::size_t)>& play) {
  constexpr std::size_t whole = std::numeric_limits<std::size_t>::max();
  const std::vector<std::string> names = names_in(directory);
  CHECK(names.size() >= least);
  for (const std::string& name : names) {
    CAPTURE(name);
    const auto dialogues = parse_dialogues(content_of(directory + "/" + name), notation);
    CHECK_FALSE(dialogues.empty());
    for (const Dialogue& dialogue : dialogues) {
      CAPTURE(dialogue.title);
      for (const std::size_t piece : {whole, std::size_t{1}, std::size_t{2}, std::size_t{5}}) {
        CAPTURE(piece);
        play(dialogue, piece);
      }
    }
  }
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
