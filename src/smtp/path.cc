#include "smtp/path.h"

#include "base/text.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace sshsm::smtp {
namespace {

std::string_view without_leading_blanks(std::string_view text) noexcept {
  return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

/// The length of the path at the front, brackets included; 0 where there is none.
std::size_t path_size(std::string_view text) noexcept {
  if (!text.starts_with('<')) return 0;
  bool is_quoted = false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') is_quoted = !is_quoted;
    if (is_quoted) {
      if (c == '\\') ++i;
      continue;
    }
    if (c == '>') return i + 1;
    if (c == '<' || c == ' ') return 0;
  }
  return 0;
}

bool is_keyword(std::string_view word) noexcept {
  return !word.empty() && base::is_letter_or_digit(word.front()) &&
         std::all_of(word.begin(), word.end(),
                     [](char c) { return base::is_letter_or_digit(c) || c == '-'; });
}

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return upper;
}

std::optional<Parameter> parse_parameter(std::string_view word) {
  const std::size_t equals = word.find('=');
  const std::string_view keyword = word.substr(0, equals);
  if (!is_keyword(keyword)) return std::nullopt;
  if (equals == std::string_view::npos) return Parameter{upper_case(keyword), {}};
  if (equals + 1 == word.size()) return std::nullopt;
  return Parameter{upper_case(keyword), std::string(word.substr(equals + 1))};
}

std::optional<PathCommand> parse(std::string_view line, std::string_view verb,
                                 std::string_view preposition) {
  if (has_control(line) || !base::starts_with_ignoring_case(line, verb)) return std::nullopt;
  line.remove_prefix(verb.size());
  if (!line.starts_with(' ')) return std::nullopt;
  line = without_leading_blanks(line);
  if (!base::starts_with_ignoring_case(line, preposition)) return std::nullopt;
  line = without_leading_blanks(line.substr(preposition.size()));

  const std::size_t size = path_size(line);
  if (size == 0 || (size < line.size() && line[size] != ' ')) return std::nullopt;
  PathCommand command{std::string(line.substr(0, size)), {}};
  for (const std::string& word : base::words_of(line.substr(size))) {
    std::optional<Parameter> parameter = parse_parameter(word);
    if (!parameter) return std::nullopt;
    command.parameters.push_back(std::move(*parameter));
  }
  return command;
}

}  // namespace

bool is_control(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

bool has_control(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), is_control);
}

std::optional<PathCommand> parse_mail(std::string_view line) {
  return parse(line, "MAIL", "FROM:");
}

std::optional<PathCommand> parse_rcpt(std::string_view line) {
  std::optional<PathCommand> command = parse(line, "RCPT", "TO:");
  if (command && command->path == "<>") return std::nullopt;
  return command;
}

}  // namespace sshsm::smtp
