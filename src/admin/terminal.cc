#include "admin/terminal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace sshsm::admin {

std::optional<Terminal> Terminal::open() {
  base::Descriptor tty(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!tty && isatty(STDIN_FILENO) == 1)
    tty.reset(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!tty) return std::nullopt;
  return Terminal(std::move(tty));
}

void Terminal::show(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t written = write(descriptor_.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::optional<std::string> Terminal::read_line() const {
  std::string line;
  for (;;) {
    char c = '\0';
    const ssize_t size = read(descriptor_.get(), &c, 1);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return line.empty() ? std::nullopt : std::optional(line);
    if (c == '\n' || c == '\r') return line;
    if (line.size() < max_answer) line += c;
  }
}

}  // namespace sshsm::admin
