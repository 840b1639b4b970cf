#include "smtp/dot_stuffer.h"

#include <algorithm>
#include <cstddef>

namespace sshsm::smtp {

std::string DotStuffer::stuff(std::string_view piece) {
  std::string stuffed;
  stuffed.reserve(piece.size() + 1);
  std::size_t copied = 0;
  for (std::size_t at = 0; at < piece.size();) {
    if (place_ != Place::in_line) {
      const std::size_t first = std::min(piece.find_first_not_of('\0', at), piece.size());
      if (first > at) place_ = Place::behind_nuls;
      at = first;
      if (at == piece.size()) break;
      if (piece[at] == '.') {
        stuffed += piece.substr(copied, at - copied);
        stuffed += '.';
        copied = at;
      }
    }
    const std::size_t end = piece.find('\n', at);
    place_ = end == std::string_view::npos ? Place::in_line : Place::line_start;
    at = end == std::string_view::npos ? piece.size() : end + 1;
  }
  stuffed += piece.substr(copied);
  return stuffed;
}

std::string DotStuffer::end() const {
  return place_ == Place::line_start ? ".\r\n" : "\r\n.\r\n";
}

}  // namespace sshsm::smtp
