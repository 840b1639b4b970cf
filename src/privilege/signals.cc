#include "privilege/signals.h"

#include "base/exit_status.h"
#include "privilege/start.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>

namespace sshsm::privilege {
namespace {

/// A handler has no argument of ours, so this one value is global.
volatile sig_atomic_t signal_descriptor = STDERR_FILENO;
/// Likewise.
volatile sig_atomic_t doubt_of_message = 0;
/// Likewise, of standard error: the sandbox lets nobody ask.
volatile sig_atomic_t is_terminal = 0;

/// SIGSEGV comes most often from a full stack, where no handler could run. Large enough for the
/// widest register set that a kernel saves there (AT_MINSIGSTKSZ is 11 KiB with AMX).
constexpr std::size_t alternate_stack_size = 65536;
std::array<std::byte, alternate_stack_size> alternate_stack;

/// Signals that do not end a process; job control keeps working for a person at a terminal.
constexpr std::array kept_default{SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGTSTP, SIGTTIN, SIGTTOU};
/// Signals that our own fault raises.
constexpr std::array crashes{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};

bool contains(const auto& signals, int number) noexcept {
  return std::find(signals.begin(), signals.end(), number) != signals.end();
}

/// Never waits: a stop must work though nobody reads our diagnostics. A pipe that is ready to be
/// written takes at least PIPE_BUF octets, more than any line here has; a terminal takes one.
void write_if_possible(std::string_view line) noexcept {
  pollfd target{.fd = signal_descriptor, .events = POLLOUT, .revents = 0};
  const bool takes_one = is_terminal != 0 && target.fd == STDERR_FILENO;
  while (!line.empty() && target.fd >= 0 && poll(&target, 1, 0) == 1) {
    const auto written = write(target.fd, line.data(), takes_one ? 1 : line.size());
    if (written <= 0) return;
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

[[noreturn]] void end_deferred(std::string_view line) noexcept {
  write_if_possible(doubt_of_message != 0 ? in_doubt_line : line);
  _exit(static_cast<int>(base::ExitStatus::deferred));
}

extern "C" void end_on_signal(int number) {
  end_deferred(contains(crashes, number) ? internal_error_line : stopped_line);
}

[[noreturn]] void end_on_terminate() {
  end_deferred(internal_error_line);
}

void unblock_all() noexcept {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

void (*handler_of(int number) noexcept)(int) {
  // A reader that is gone and a file that is full are errors of one write, and no end of ours.
  if (number == SIGPIPE || number == SIGXFSZ) return SIG_IGN;
  if (contains(kept_default, number)) return SIG_DFL;
  return end_on_signal;
}

}  // namespace

void set_in_doubt(bool doubt) noexcept {
  doubt_of_message = doubt ? 1 : 0;
}

bool is_in_doubt() noexcept {
  return doubt_of_message != 0;
}

void set_signal_descriptor(int descriptor) noexcept {
  signal_descriptor = descriptor;
}

void handle_fatal_signals() noexcept {
  stack_t stack{};
  stack.ss_sp = alternate_stack.data();
  stack.ss_size = alternate_stack.size();
  sigaltstack(&stack, nullptr);
  std::set_terminate(end_on_terminate);
  is_terminal = isatty(STDERR_FILENO);

  struct sigaction action {};
  action.sa_flags = SA_ONSTACK;
  sigfillset(&action.sa_mask);
  // SIGKILL, SIGSTOP and the two that the C library keeps for itself refuse; that is no fault.
  for (int number = 1; number <= SIGRTMAX; ++number) {
    action.sa_handler = handler_of(number);
    sigaction(number, &action, nullptr);
  }
  unblock_all();
}

void take_default_signals() noexcept {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int number = 1; number <= SIGRTMAX; ++number) sigaction(number, &action, nullptr);
  unblock_all();
}

}  // namespace sshsm::privilege
