#include "config/lines.h"

#include "base/failure.h"
#include "base/text.h"

#include <algorithm>

namespace sshsm::config {
namespace {

using base::concat;

constexpr std::size_t max_path_shown = 255;
constexpr std::size_t max_key_shown = 64;

bool is_control(char c) {
  return (c >= 0 && c < ' ' && c != '\t') || c == 0x7f;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// Where a comment behind something else begins, or the end of the text.
std::size_t comment_in(std::string_view text) {
  for (std::size_t at = text.find('#'); at < text.size(); at = text.find('#', at + 1))
    if (at > 0 && is_blank(text[at - 1])) return at;
  return text.size();
}

}  // namespace

std::string place_of(const ConfigText& file, std::size_t number) {
  return concat({base::printable(file.path, max_path_shown), ":", std::to_string(number)});
}

void refuse(const std::string& place, std::string_view sentence) {
  throw base::Failure(base::Cause::configuration_invalid, concat({place, ": ", sentence}));
}

std::optional<Line> LineReader::next() {
  while (!rest_.empty()) {
    const std::string_view line = take_line();
    if (!line.empty() && line.front() != '#') return read_setting(line);
  }
  return std::nullopt;
}

std::string_view LineReader::take_line() {
  std::string_view line = rest_.substr(0, rest_.find('\n'));
  rest_.remove_prefix(std::min(line.size() + 1, rest_.size()));
  ++number_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.size() > max_line)
    refuse_line(concat({"more than ", std::to_string(max_line), " characters"}));
  if (std::any_of(line.begin(), line.end(), is_control)) refuse_line("a control character");
  return base::trimmed(line);
}

Line LineReader::read_setting(std::string_view line) const {
  const std::size_t equals = line.find('=');
  if (equals >= comment_in(line))
    refuse_line(
        concat({"no = in ", base::quoted(line.substr(0, comment_in(line)), max_key_shown)}));
  const std::string_view key = base::trimmed(line.substr(0, equals));
  if (key.empty()) refuse_line("no key before the =");
  const std::string_view value = value_of(line.substr(equals + 1));
  const std::string shown = base::printable(key, max_key_shown);
  if (value.empty()) refuse_line(shown + " has no value");
  if (value.find_first_of("$`\\") != std::string_view::npos)
    refuse_line(shown + ": no $, backtick or backslash, since no shell reads this file");
  return {number_, std::string(key), std::string(value)};
}

std::string_view LineReader::value_of(std::string_view text) const {
  const std::string_view value = base::trimmed(text.substr(0, comment_in(text)));
  if (value.starts_with('"') || value.starts_with('\''))
    return quoted_value_of(base::trimmed(text));
  if (value.find_first_of("\"'") != std::string_view::npos)
    refuse_line("a quote inside a value; put quotes around the whole value");
  return value;
}

std::string_view LineReader::quoted_value_of(std::string_view text) const {
  const std::size_t end = text.find(text.front(), 1);
  if (end == std::string_view::npos) refuse_line("the quote is not closed");
  const std::string_view behind = text.substr(end + 1);
  if (!base::trimmed(behind.substr(0, comment_in(behind))).empty())
    refuse_line("text behind the closing quote");
  return base::trimmed(text.substr(1, end - 1));
}

void LineReader::refuse_line(std::string_view sentence) const {
  refuse(place_of(file_, number_), sentence);
}

}  // namespace sshsm::config
