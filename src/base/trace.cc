#include "base/trace.h"

#include "base/text.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>

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
    : descriptor_(descriptor), is_unlimited_(is_terminal_or_file(descriptor)) {}

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
  // A reader that went away or stopped reading must not stop the mail.
  if (!patience_.wait_until_writable(descriptor_)) return;
  [[maybe_unused]] const auto written = ::write(descriptor_, line.data(), line.size());
}

}  // namespace sshsm::base
