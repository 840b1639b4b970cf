#include "smtp/command_reader.h"

#include "base/text.h"

#include <algorithm>

namespace sshsm::smtp {
namespace {

constexpr std::string_view crlf = "\r\n";

}  // namespace

bool has_verb(std::string_view line, std::string_view verb) noexcept {
  return base::equals_ignoring_case(line.substr(0, line.find(' ')), verb);
}

std::optional<CommandReader::Line> CommandReader::read(std::string_view& bytes) {
  if (bytes.empty()) return std::nullopt;
  const std::size_t line_feed = bytes.find('\n');
  const bool has_line_feed = line_feed != std::string_view::npos;
  const std::string_view piece = bytes.substr(0, has_line_feed ? line_feed + 1 : bytes.size());
  bytes.remove_prefix(piece.size());
  add(piece);
  return is_ended() ? std::optional(take_line()) : std::nullopt;
}

void CommandReader::add(std::string_view piece) {
  const char before = piece.size() > 1 ? piece[piece.size() - 2] : last_;
  has_cr_ = before == '\r';
  last_ = piece.back();
  size_ += piece.size();
  line_ += piece.substr(0, max_line + crlf.size() - line_.size());
}

bool CommandReader::is_ended() const noexcept {
  return last_ == '\n' && (has_cr_ || line_end_ != LineEnd::crlf);
}

CommandReader::Line CommandReader::take_line() {
  if (!line_end_) line_end_ = has_cr_ ? LineEnd::crlf : LineEnd::lf;
  const std::size_t size = size_ - (line_end_ == LineEnd::crlf ? 2 : 1);
  line_.resize(std::min(size, max_line));
  Line line{std::move(line_), size > max_line};
  line_.clear();
  size_ = 0;
  last_ = '\0';
  return line;
}

bool CommandReader::is_too_long() const noexcept {
  return size_ - (last_ == '\r' ? 1U : 0U) > max_line;
}

}  // namespace sshsm::smtp
