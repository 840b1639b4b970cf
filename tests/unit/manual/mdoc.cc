#include "mdoc.h"

#include "base/text.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <utility>

namespace sshsm::manual {
namespace {

constexpr auto escapes = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"\\-", "-"},
    {"\\(aq", "'"},
    {"\\(ga", "`"},
    {"\\(ha", "^"},
    {"\\(ti", "~"},
    {"\\e", "\\"},
    {"\\&", ""},
    {"\\:", ""},
});

std::string unescaped(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const auto* const found = std::find_if(escapes.begin(), escapes.end(), [&](const auto& escape) {
      return text.starts_with(escape.first);
    });
    const bool is_escape = found != escapes.end();
    plain += is_escape ? found->second : text.substr(0, 1);
    text.remove_prefix(is_escape ? found->first.size() : 1);
  }
  return plain;
}

bool is_macro(std::string_view word) {
  constexpr auto macros =
      std::to_array<std::string_view>({"Ar", "Cm", "Dq", "Em", "Fl", "Ic", "Li", "Pa", "Ql", "Sy"});
  return std::find(macros.begin(), macros.end(), word) != macros.end();
}

bool is_closing(std::string_view word) {
  return word.size() == 1 && std::string_view(".,:;)").find(word) != std::string_view::npos;
}

/// The words of a macro line as they are shown: `Fl -rest Ar FILE` is `--rest FILE`, and what is
/// behind `Op` stands in brackets.
std::string shown(const std::vector<std::string>& words) {
  std::string text;
  std::string end;
  bool is_option = false;
  for (const std::string& word : words) {
    if (word == "Op") {
      text += text.empty() ? "[" : " [";
      end = "]";
      continue;
    }
    if (is_macro(word)) {
      is_option = word == "Fl";
      continue;
    }
    if (!text.empty() && !text.ends_with('[') && !is_closing(word)) text += " ";
    text += (is_option ? "-" : "") + unescaped(word);
    is_option = false;
  }
  return text + end;
}

std::string line_text(const std::string& line) {
  if (!line.starts_with('.')) return unescaped(line);
  std::vector<std::string> words = base::words_of(line.substr(1));
  if (words.front() == "Pp") return "\n";
  if (words.front() != "Pq") return shown(words);
  words.erase(words.begin());
  return "(" + shown(words) + ")";
}

void append(std::string& text, const std::string& more) {
  if (!text.empty() && text.back() != '\n' && more != "\n") text += " ";
  text += more;
}

}  // namespace

Page::Page(std::string_view name) {
  std::ifstream file(base::concat({SSHSM_MAN_DIRECTORY, "/", name}));
  for (std::string line; std::getline(file, line);) lines_.push_back(line);
  REQUIRE_FALSE(lines_.empty());
}

std::vector<Page::Item> Page::list_behind(std::string_view anchor) const {
  auto line = std::find(lines_.begin(), lines_.end(), anchor);
  REQUIRE_MESSAGE(line != lines_.end(), anchor);
  while (line != lines_.end() && !line->starts_with(".Bl ")) ++line;
  REQUIRE(line != lines_.end());
  const bool is_of_sentences = *line == ".Bl -diag";
  std::vector<Item> items;
  for (++line; line != lines_.end() && *line != ".El"; ++line) {
    if (!line->starts_with(".It ")) {
      REQUIRE_FALSE(items.empty());
      append(items.back().text, line_text(*line));
      continue;
    }
    const std::string head = line->substr(4);
    items.push_back({is_of_sentences ? unescaped(head) : shown(base::words_of(head)), {}});
  }
  return items;
}

std::vector<std::string> Page::displays_of(std::string_view section) const {
  std::vector<std::string> displays;
  bool is_inside = false;
  auto line = std::find(lines_.begin(), lines_.end(), base::concat({".Sh ", section}));
  REQUIRE(line != lines_.end());
  for (++line; line != lines_.end() && !line->starts_with(".Sh "); ++line) {
    if (line->starts_with(".Bd ")) displays.emplace_back();
    if (is_inside && *line != ".Ed") displays.back() += unescaped(*line) + "\n";
    is_inside = *line != ".Ed" && (is_inside || line->starts_with(".Bd "));
  }
  return displays;
}

bool Page::has_section(std::string_view section) const {
  return std::find(lines_.begin(), lines_.end(), base::concat({".Sh ", section})) != lines_.end();
}

}  // namespace sshsm::manual
