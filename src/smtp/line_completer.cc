#include "smtp/line_completer.h"

#include <algorithm>
#include <cstddef>

namespace sshsm::smtp {

/// A CR is made a whole line end at once; the LF that may follow it then adds nothing.
std::string LineCompleter::complete(std::string_view piece) {
  std::string lines;
  lines.reserve(piece.size() + 2);
  while (!piece.empty()) {
    const std::size_t run = std::min(piece.find_first_of("\r\n"), piece.size());
    lines += piece.substr(0, run);
    if (run > 0) last_ = piece[run - 1];
    piece.remove_prefix(run);
    if (piece.empty()) break;
    const bool is_second_half = piece.front() == '\n' && last_ == '\r';
    if (!is_second_half) lines += "\r\n";
    last_ = piece.front();
    piece.remove_prefix(1);
  }
  return lines;
}

std::string_view LineCompleter::end() {
  const bool is_complete = last_ == '\r' || last_ == '\n';
  last_ = '\n';
  return is_complete ? "" : "\r\n";
}

}  // namespace sshsm::smtp
