#include "plain_batch.h"

namespace sshsm::fuzz {
namespace {

bool begins(std::string_view line, std::string_view verb) {
  if (line.size() < verb.size()) return false;
  for (std::size_t i = 0; i < verb.size(); ++i)
    if ((line[i] & ~0x20) != verb[i]) return false;
  return true;
}

/// Without a line end, and then every line end in it made CRLF.
std::string canonical(std::string_view line, bool has_crlf) {
  if (line.starts_with('.')) line.remove_prefix(1);
  if (!has_crlf && line.ends_with('\r')) line.remove_suffix(1);
  std::string text;
  for (const char c : line) {
    if (c == '\r' || c == '\n')
      text += "\r\n";
    else
      text += c;
  }
  return text + "\r\n";
}

class PlainReader {
 public:
  explicit PlainReader(std::string_view text) : rest_(text) {
    const std::size_t end = text.find('\n');
    has_crlf_ = end != std::string_view::npos && end > 0 && text[end - 1] == '\r';
  }

  std::vector<PlainMessage> read() {
    while (take_line()) {
      if (is_in_body_)
        take_body_line();
      else
        take_command();
    }
    return messages_;
  }

 private:
  /// False where no line end is left.
  bool take_line() {
    const std::string_view line_end = has_crlf_ ? "\r\n" : "\n";
    const std::size_t end = rest_.find(line_end);
    if (end == std::string_view::npos) return false;
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(end + line_end.size());
    return true;
  }

  void take_command() {
    if (begins(line_, "MAIL") || begins(line_, "RSET") || begins(line_, "HELO") ||
        begins(line_, "EHLO"))
      message_ = {};
    if (begins(line_, "RCPT")) message_.recipients.emplace_back(line_);
    is_in_body_ = begins(line_, "DATA");
  }

  void take_body_line() {
    if (line_ != ".") {
      message_.body += canonical(line_, has_crlf_);
      return;
    }
    messages_.push_back(message_);
    is_in_body_ = false;
  }

  std::string_view rest_;
  std::string_view line_;
  bool has_crlf_ = false;
  bool is_in_body_ = false;
  PlainMessage message_;
  std::vector<PlainMessage> messages_;
};

}  // namespace

std::vector<PlainMessage> read_plain_batch(std::string_view text) {
  return PlainReader(text).read();
}

}  // namespace sshsm::fuzz
