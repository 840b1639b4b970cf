#include "base/text.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace sshsm::base {
namespace {

constexpr std::string_view ellipsis = "...";

void append_printable(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20 && byte < 0x7f) {
    out += c;
    return;
  }
  out += "\\x";
  out += digits[byte >> 4];
  out += digits[byte & 0xf];
}

}  // namespace

std::string concat(std::initializer_list<std::string_view> pieces) {
  std::string whole;
  for (const std::string_view piece : pieces) whole += piece;
  return whole;
}

std::string printable(std::string_view bytes, std::size_t limit) {
  std::string text;
  for (const char c : bytes.substr(0, limit + 1)) append_printable(text, c);
  return shortened(std::move(text), limit);
}

std::string quoted(std::string_view bytes, std::size_t limit) {
  std::string text = printable(bytes, limit);
  std::replace(text.begin(), text.end(), '"', '\'');
  return concat({"\"", text, "\""});
}

std::string shortened(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  const std::size_t kept = limit < ellipsis.size() ? 0 : limit - ellipsis.size();
  text.resize(kept);
  return (text + std::string(ellipsis)).substr(0, limit);
}

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool is_letter_or_digit(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
}

char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = to_lower(c);
  return lower;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return to_lower(x) == to_lower(y); });
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) noexcept {
  return equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

bool is_plain_name(std::string_view name, std::size_t limit) noexcept {
  return !name.empty() && name.size() <= limit && is_letter_or_digit(name.front()) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
         });
}

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

std::optional<unsigned long> parse_number(std::string_view digits, unsigned long max) noexcept {
  unsigned long value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc() || rest != end || value > max) return std::nullopt;
  return value;
}

std::string help_line(std::string_view spelling, std::size_t width, std::string_view help) {
  std::string column(spelling);
  column.resize(std::max(column.size(), width), ' ');
  return concat({"  ", column, "  ", help, "\n"});
}

std::string system_error_text(int error) {
  const char* const text = strerrordesc_np(error);
  return text == nullptr ? "unknown error" : text;
}

}  // namespace sshsm::base
