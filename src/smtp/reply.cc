#include "smtp/reply.h"

#include "base/failure.h"
#include "base/text.h"

#include <algorithm>
#include <utility>

namespace sshsm::smtp {
namespace {

using base::Failure;
using base::is_digit;

constexpr std::size_t code_size = 3;

int digit_value(char c) noexcept {
  return c - '0';
}

/// The three digits a reply line begins with, or 0.
int code_of(std::string_view line) noexcept {
  if (line.size() < code_size) return 0;
  if (!std::all_of(line.begin(), line.begin() + code_size, is_digit)) return 0;
  if (line[0] < '2' || line[0] > '5') return 0;
  return 100 * digit_value(line[0]) + 10 * digit_value(line[1]) + digit_value(line[2]);
}

/// Takes one to three digits from the front.
bool take_number(std::string_view& text) noexcept {
  constexpr std::size_t max_digits = 3;
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  if (count == 0 || count > max_digits) return false;
  text.remove_prefix(count);
  return true;
}

bool take_dot(std::string_view& text) noexcept {
  if (!text.starts_with('.')) return false;
  text.remove_prefix(1);
  return true;
}

/// How many octets at the front are an RFC 3463 code of that class; 0 for none.
std::size_t status_code_size(std::string_view text, char code_class) noexcept {
  std::string_view rest = text;
  if (!rest.starts_with(code_class)) return 0;
  rest.remove_prefix(1);
  if (!take_dot(rest) || !take_number(rest) || !take_dot(rest) || !take_number(rest)) return 0;
  if (!rest.empty() && rest.front() != ' ') return 0;
  return text.size() - rest.size();
}

}  // namespace

std::string status_code(const Reply& reply) {
  const char code_class = static_cast<char>('0' + reply.code_class());
  const std::string_view text = reply.lines.empty() ? std::string_view() : reply.lines.front();
  const std::size_t size = status_code_size(text, code_class);
  if (size > 0) return std::string(text.substr(0, size));
  return std::string(1, code_class) + ".0.0";
}

std::string as_deferred(std::string code) {
  if (!code.empty()) code.front() = '4';
  return code;
}

std::vector<std::string> lines_of(const Reply& reply) {
  const std::string code = std::to_string(reply.code);
  std::vector<std::string> lines;
  for (const std::string& text : reply.lines) {
    const bool is_last = lines.size() + 1 == reply.lines.size();
    const std::string_view separator = !is_last ? "-" : text.empty() ? "" : " ";
    lines.push_back(base::concat({code, separator, text}));
  }
  return lines;
}

std::string text_of(const Reply& reply) {
  std::string text = std::to_string(reply.code);
  for (const std::string& line : reply.lines) {
    if (text.size() > max_reply_text) break;
    if (!line.empty()) text += base::concat({" ", line});
  }
  return base::shortened(std::move(text), max_reply_text);
}

std::optional<Reply> ReplyReader::read(std::string_view& bytes, base::Cause if_malformed) {
  while (take_line(bytes, if_malformed)) {
    const std::string line = std::exchange(line_, {});
    if (!add_line(line, if_malformed)) continue;
    reply_size_ = 0;
    return std::exchange(reply_, {});
  }
  return std::nullopt;
}

bool ReplyReader::take_line(std::string_view& bytes, base::Cause if_malformed) {
  const std::size_t line_feed = bytes.find('\n');
  const bool is_whole = line_feed != std::string_view::npos;
  const std::size_t room = max_line + 1 - line_.size();  // one more for the CR
  const std::size_t count = is_whole ? line_feed : bytes.size();
  line_ += bytes.substr(0, std::min(count, room));
  const bool ends_in_cr = line_.ends_with('\r') && count <= room;
  if (count > room || line_.size() - (ends_in_cr ? 1U : 0U) > max_line)
    throw Failure(if_malformed, "a line is too long", line_);
  bytes.remove_prefix(is_whole ? count + 1 : count);
  if (is_whole && ends_in_cr) line_.pop_back();
  return is_whole;
}

bool ReplyReader::add_line(std::string_view line, base::Cause if_malformed) {
  const int code = code_of(line);
  const char separator = line.size() > code_size ? line[code_size] : ' ';
  if (code == 0 || (separator != ' ' && separator != '-'))
    throw Failure(if_malformed, {}, std::string(line));
  if (!reply_.lines.empty() && code != reply_.code)
    throw Failure(if_malformed, "the code changed between two lines", std::string(line));
  reply_size_ += line.size();
  if (reply_.lines.size() == max_lines || reply_size_ > max_reply)
    throw Failure(if_malformed, "a reply is too long", std::string(line));
  reply_.code = code;
  reply_.lines.emplace_back(line.substr(std::min(line.size(), code_size + 1)));
  return separator == ' ';
}

}  // namespace sshsm::smtp
