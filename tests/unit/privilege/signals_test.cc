#include "privilege/signals.h"

#include "base/descriptor.h"
#include "base/failure.h"
#include "child.h"
#include "privilege/start.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <string>

namespace sshsm::privilege {
namespace {

constexpr std::array harmless{SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGPIPE, SIGXFSZ};
constexpr std::array stopping{SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
constexpr std::array crashing{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};

bool is_in(const auto& signals, int number) {
  for (const int signal : signals)
    if (signal == number) return true;
  return false;
}

/// 32 and 33 belong to the C library.
bool can_be_handled(int number) {
  return number != SIGKILL && !is_in(stopping, number) && (number < 32 || number >= SIGRTMIN);
}

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_NONBLOCK) == 0);
    reading.reset(ends[0]);
    writing.reset(ends[1]);
  }
  std::string content() const {
    std::array<char, 4096> text{};
    const ssize_t size = read(reading.get(), text.data(), text.size());
    return size < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(size));
  }
  base::Descriptor reading;
  base::Descriptor writing;
};

/// How `work` ends behind handle_fatal_signals, and all that was written to descriptor 2.
Ending ending_of(const std::function<void()>& work) {
  const Pipe words;
  const auto ending = run_in_child([&](Report&) {
    dup2(words.writing.get(), STDERR_FILENO);
    handle_fatal_signals();
    work();
  });
  return {ending.status, words.content()};
}

int overflow_stack(int depth) {
  std::array<volatile char, 4096> page{};
  page[0] = static_cast<char>(depth);
  return depth == 1 << 30 ? 0 : overflow_stack(depth + 1) + page[0];
}

}  // namespace

TEST_CASE("the lines of the handlers are the sentences of their causes") {
  using base::Cause;
  CHECK(stopped_line == base::describe(base::Failure(Cause::stopped), "", "") + "\n");
  CHECK(in_doubt_line ==
        base::describe(base::Failure(Cause::maybe_delivered, "sshsm was stopped"), "", "") + "\n");
  CHECK(internal_error_line == base::describe(base::Failure(Cause::internal_error), "", "") + "\n");
}

TEST_CASE("every signal that would kill us ends in 75 with a sentence") {
  int tried = 0;
  for (int number = 1; number <= SIGRTMAX; ++number) {
    if (!can_be_handled(number) || is_in(harmless, number)) continue;
    CAPTURE(number);
    const Ending ending = ending_of([number] { raise(number); });
    CHECK(ending.status == 75);
    CHECK(ending.report == (is_in(crashing, number) ? internal_error_line : stopped_line));
    ++tried;
  }
  CHECK(tried >= 50);
}

TEST_CASE("signals that end nothing by default do not end us") {
  for (const int number : harmless) {
    CAPTURE(number);
    const Ending ending = ending_of([number] { raise(number); });
    CHECK(ending.status == 0);
    CHECK(ending.report == "");
  }
}

TEST_CASE("job control keeps its default actions") {
  const auto ending = run_in_child([](Report& report) {
    for (const int number : {SIGCHLD, SIGTSTP, SIGTTIN, SIGTTOU}) signal(number, SIG_IGN);
    handle_fatal_signals();
    for (const int number : {SIGCHLD, SIGTSTP, SIGTTIN, SIGTTOU}) {
      struct sigaction action {};
      sigaction(number, nullptr, &action);
      report.add(sigabbrev_np(number), action.sa_handler == SIG_DFL ? "default" : "other");
    }
  });
  CHECK(ending.report == "CHLD: default\nTSTP: default\nTTIN: default\nTTOU: default\n");
}

TEST_CASE("a signal that the parent ignored ends us all the same") {
  for (const int number : {SIGTERM, SIGHUP, SIGINT, SIGUSR1, SIGQUIT, SIGXCPU}) {
    CAPTURE(number);
    const auto ending = run_in_child([number](Report&) {
      signal(number, SIG_IGN);
      set_signal_descriptor(-1);
      handle_fatal_signals();
      raise(number);
    });
    CHECK(ending.status == 75);
  }
}

TEST_CASE("a signal that the parent blocked and that waits is taken at once") {
  const Pipe words;
  const auto ending = run_in_child([&](Report&) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    raise(SIGTERM);
    set_signal_descriptor(words.writing.get());
    handle_fatal_signals();
  });
  CHECK(ending.status == 75);
  CHECK(words.content() == stopped_line);
}

TEST_CASE("a full stack ends in 75") {
  const Ending ending = ending_of([] {
    const rlimit small{.rlim_cur = 256 * 1024, .rlim_max = 256 * 1024};
    setrlimit(RLIMIT_STACK, &small);
    overflow_stack(0);
  });
  CHECK(ending.status == 75);
  CHECK(ending.report == internal_error_line);
}

TEST_CASE("abort and terminate end in 75") {
  const Ending aborted = ending_of([] { std::abort(); });
  CHECK(aborted.status == 75);
  CHECK(aborted.report == internal_error_line);
  const Ending terminated = ending_of([] { std::terminate(); });
  CHECK(terminated.status == 75);
  CHECK(terminated.report == internal_error_line);
  const Ending escaped = ending_of([]() noexcept { (void)std::string().at(1); });
  CHECK(escaped.status == 75);
  CHECK(escaped.report == internal_error_line);
}

TEST_CASE("descriptor -1 silences the handlers") {
  const Pipe words;
  const auto ending = run_in_child([&](Report&) {
    dup2(words.writing.get(), STDERR_FILENO);
    set_signal_descriptor(-1);
    handle_fatal_signals();
    raise(SIGTERM);
  });
  CHECK(ending.status == 75);
  CHECK(words.content() == "");
}

TEST_CASE("a pipe that nobody reads does not keep a stopped process alive") {
  const Pipe words;
  const Ending ending = run_in_child([&](Report&) {
    while (write(words.writing.get(), "x", 1) == 1) {
    }
    fcntl(words.writing.get(), F_SETFL, 0);  // blocking, as an MTA's pipe is
    set_signal_descriptor(words.writing.get());
    handle_fatal_signals();
    raise(SIGTERM);
  });
  CHECK(ending.status == 75);
}

TEST_CASE("a reader that went away does not change the status") {
  Pipe words;
  words.reading.reset();
  const Ending ending = run_in_child([&](Report&) {
    set_signal_descriptor(words.writing.get());
    handle_fatal_signals();
    raise(SIGTERM);
  });
  CHECK(ending.status == 75);
}

}  // namespace sshsm::privilege
