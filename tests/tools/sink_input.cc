#include "sink_input.h"

#include "sink_store.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sink {
namespace {

constexpr std::size_t read_size = 65536;

}  // namespace

bool Input::is_waiting() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  if (consumed_ < bytes_.size()) return true;
  return poll(&input, 1, 0) == 1 && (input.revents & POLLIN) != 0 && fill();
}

bool Input::fill() {
  std::array<char, read_size> piece;
  const ssize_t count = read(STDIN_FILENO, piece.data(), piece.size());
  if (count <= 0) return false;
  const std::string_view bytes(piece.data(), static_cast<std::size_t>(count));
  if (transcript_ >= 0 && !write_all(transcript_, bytes)) return false;
  if (consumed_ > 0) bytes_.erase(0, std::exchange(consumed_, 0));
  if (is_lax_) {
    take_for_line_ends(bytes);
  } else {
    bytes_ += bytes;
  }
  return true;
}

/// Makes CRLF of CRLF, of a CR and of an LF.
void Input::take_for_line_ends(std::string_view bytes) {
  for (const char c : bytes) {
    if (c == '\0') continue;
    const bool is_told = c == '\n' && is_behind_cr_;
    is_behind_cr_ = c == '\r';
    if (c == '\r' || c == '\n') {
      if (!is_told) bytes_ += "\r\n";
    } else {
      bytes_ += c;
    }
  }
}

bool Input::read_raw_line(std::string& line) {
  std::size_t searched = consumed_;
  std::size_t end;
  while ((end = bytes_.find('\n', searched)) == std::string::npos) {
    const std::size_t unread = bytes_.size() - consumed_;
    if (!fill()) return false;
    searched = consumed_ + unread;
  }
  line.assign(bytes_, consumed_, end - consumed_);
  consumed_ = end + 1;
  return true;
}

bool Input::read_line(std::string& line) {
  if (!read_raw_line(line)) return false;
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

std::string_view Input::take(std::size_t most) {
  if (consumed_ == bytes_.size() && !fill()) return {};
  const std::size_t count = std::min(most, bytes_.size() - consumed_);
  const std::string_view piece = std::string_view(bytes_).substr(consumed_, count);
  consumed_ += count;
  return piece;
}

}  // namespace sink
