#include "base/trace.h"

#include "base/text.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>

namespace sshsm::base {
namespace {

constexpr std::size_t max_trace_line = 1000;

bool is_terminal_or_file(int descriptor) {
  struct stat status {};
  return isatty(descriptor) == 1 || (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode));
}

std::string elapsed_since(Clock::time_point start) {
  const auto span = std::chrono::duration_cast<Milliseconds>(Clock::now() - start).count();
  std::string text = std::to_string(span);
  if (text.size() < 5) text.insert(0, 5 - text.size(), ' ');
  return text;
}

}  // namespace

Trace::Trace(int descriptor)
    : descriptor_(descriptor),
      at_once_(octets_taken_at_once(descriptor)),
      is_unlimited_(is_terminal_or_file(descriptor)) {}

Trace Trace::withheld() {
  Trace trace;
  trace.is_withheld_ = true;
  return trace;
}

void Trace::speak_to(int descriptor) {
  // A terminal stays one, though behind the sandbox nobody can tell.
  if (!is_on() || descriptor_ == descriptor) return;
  descriptor_ = descriptor;
  at_once_ = octets_taken_at_once(descriptor);
  is_unlimited_ = is_terminal_or_file(descriptor);
  if (std::exchange(is_withheld_, false)) write(std::exchange(kept_, {}));
}

void Trace::note(std::string_view text) {
  if (is_on()) write_line(concat({"* ", printable(text, max_trace_line)}));
}

void Trace::dialogue(char direction, std::string_view text) {
  if (is_on()) write_line(concat({{&direction, 1}, " ", printable(text, max_trace_line)}));
}

void Trace::write_line(std::string_view text) {
  const std::string line = concat({elapsed_since(start_), " ms ", text, "\n"});
  if (!is_unlimited_) {
    if (line.size() > left_) {
      left_ = 0;
      return;
    }
    left_ -= line.size();
  }
  if (is_withheld_)
    kept_ += line;
  else
    write(line);
}

void Trace::write(std::string_view lines) {
  // A reader that went away or stopped reading must not stop the mail.
  patience_.write(descriptor_, lines, at_once_);
}

}  // namespace sshsm::base
