#include "smtp/dot_stuffer.h"

#include <cstddef>

namespace sshsm::smtp {

std::string DotStuffer::stuff(std::string_view piece) {
  std::string stuffed;
  stuffed.reserve(piece.size() + 1);
  if (is_at_line_start_ && piece.starts_with('.')) stuffed += '.';
  if (!piece.empty()) is_at_line_start_ = piece.back() == '\n';
  for (std::size_t end = piece.find("\n."); end != std::string_view::npos;
       end = piece.find("\n.")) {
    stuffed += piece.substr(0, end + 1);
    stuffed += '.';
    piece.remove_prefix(end + 1);
  }
  stuffed += piece;
  return stuffed;
}

std::string DotStuffer::end() const {
  return is_at_line_start_ ? ".\r\n" : "\r\n.\r\n";
}

}  // namespace sshsm::smtp
