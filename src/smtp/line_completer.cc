#include "smtp/line_completer.h"

#include "smtp/line_run.h"

namespace sshsm::smtp {

std::string LineCompleter::complete(std::string_view piece) {
  std::string lines;
  lines.reserve(piece.size() + 2);
  while (!piece.empty()) piece.remove_prefix(step(piece, lines));
  return lines;
}

/// A CR is made a whole line end at once; the LF that may follow it then adds nothing.
std::size_t LineCompleter::step(std::string_view piece, std::string& lines) {
  const std::size_t line = canonical_line_at(piece);
  const std::string_view taken = line > 0 ? piece.substr(0, line) : run_at(piece);
  if (!taken.empty()) {
    lines += taken;
    last_ = taken.back();
    return taken.size();
  }
  const bool is_second_half = piece.front() == '\n' && last_ == '\r';
  if (!is_second_half) lines += "\r\n";
  last_ = piece.front();
  return 1;
}

std::string_view LineCompleter::end() {
  const bool is_complete = last_ == '\r' || last_ == '\n';
  last_ = '\n';
  return is_complete ? "" : "\r\n";
}

}  // namespace sshsm::smtp
