/// Runs one mail client and says how long it took and what it used. It is small, because a child's
/// peak memory begins with its parent's, and it does the talking, so that no part of it counts as
/// the client's CPU time.
///
///     launch [--talk | --lmtp] [--gate FD] FILE PROGRAM [ARGUMENT...]
///
/// FILE is one message as batch SMTP with CRLF: MAIL, RCPT, DATA, the text, a dot. It becomes the
/// standard input of PROGRAM; with --talk it is said to it as a mail server says it to a mailer,
/// every command waiting for its answer, between EHLO and QUIT, and with --lmtp between LHLO and
/// QUIT. With --gate nothing starts before the end of that descriptor's input.
///
/// Prints: status accepted began answered ended cpu memory
/// (the exit status, or 128 + the signal; 1 if the message was accepted, else 0; nanoseconds since
/// 1970: start, 250 to the message or, in a batch, the end, and end; microseconds of the client
/// with all its children; its largest resident set in KiB)
#include "../tools/sink_store.h"
#include "dialogue.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using bench::Dialogue;
using bench::now;
using bench::Program;

constexpr std::size_t piece_size = 65536;

struct Order {
  std::string_view hello;  ///< how the program is greeted; empty: it is not talked to
  int gate = -1;
  int batch = -1;
  char** command = nullptr;
};

struct Outcome {
  int status = 0;
  bool is_accepted = false;
  long began = 0, answered = 0, ended = 0;
  long cpu = 0, memory = 0;
};

// --- talking as a mail server does ---

/// The server's end of the conversation, and the message to say to it.
class Conversation {
 public:
  Conversation(const Program& client, const Order& order)
      : input_(client.input),
        dialogue_(client.input, client.output),
        hello_(order.hello),
        batch_(order.batch) {}

  /// True once the message was accepted; `answered` says when.
  bool run(long& answered) {
    if (!dialogue_.expect("220") || !dialogue_.command(hello_, "250") || !say_envelope())
      return false;
    if (!say_rest() || !dialogue_.expect("250")) return false;
    answered = now();
    // How the session ends does not matter to a message that was accepted.
    static_cast<void>(dialogue_.command("QUIT\r\n", "221"));
    return true;
  }

 private:
  bool say_envelope() {
    while (true) {
      const std::string line = batch_line();
      const bool is_data = line == "DATA\r\n";
      if (line.empty() || !dialogue_.command(line, is_data ? "354" : "250")) return false;
      if (is_data) return true;
    }
  }

  bool say_rest() {
    do {
      if (!sink::write_all(input_, waiting_)) return false;
    } while (read_batch());
    return true;
  }

  /// The next piece of the batch in place of the one before.
  bool read_batch() {
    waiting_.resize(piece_size);
    const ssize_t count = read(batch_, waiting_.data(), waiting_.size());
    waiting_.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    return count > 0;
  }

  /// A line of the envelope; it stands in the first piece.
  std::string batch_line() {
    if (waiting_.empty() && !read_batch()) return {};
    const std::size_t size = waiting_.find('\n') + 1;
    const std::string line = waiting_.substr(0, size);
    waiting_.erase(0, size);
    return line;
  }

  int input_;
  Dialogue dialogue_;
  std::string_view hello_;
  int batch_;
  std::string waiting_;  ///< read from the batch and not yet said
};

// --- running the client ---

/// Waits for the client and for what it left behind: as their reaper we are told of all of them.
void wait_for_all(pid_t client, Outcome& outcome) {
  int status = 0;
  struct rusage used {};
  for (pid_t pid; (pid = wait4(-1, &status, 0, &used)) > 0;) {
    outcome.cpu += bench::microseconds(used.ru_utime) + bench::microseconds(used.ru_stime);
    outcome.memory = std::max(outcome.memory, used.ru_maxrss);
    if (pid != client) continue;
    outcome.ended = now();
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
}

Outcome run(const Order& order) {
  Outcome outcome;
  outcome.began = now();
  const bool talks = !order.hello.empty();
  const Program client =
      talks ? bench::start_talking(order.command) : bench::start(order.command, order.batch);
  if (talks) outcome.is_accepted = Conversation(client, order).run(outcome.answered);
  close(client.input);
  wait_for_all(client.pid, outcome);
  if (talks) return outcome;
  outcome.is_accepted = outcome.status == 0;
  outcome.answered = outcome.ended;
  return outcome;
}

Order order_in(int count, char** arguments) {
  Order order;
  int next = 1;
  for (; next < count && std::string_view(arguments[next]).starts_with("--"); ++next) {
    const std::string_view option = arguments[next];
    if (option == "--talk") {
      order.hello = bench::smtp_hello;
    } else if (option == "--lmtp") {
      order.hello = bench::lmtp_hello;
    } else if (option == "--gate" && next + 1 < count) {
      const std::string_view number = arguments[++next];
      std::from_chars(number.data(), number.data() + number.size(), order.gate);
    }
  }
  if (next + 1 >= count) {
    std::fputs("usage: launch [--talk | --lmtp] [--gate FD] FILE PROGRAM [ARGUMENT...]\n", stderr);
    std::exit(99);
  }
  order.batch = open(arguments[next], O_RDONLY | O_CLOEXEC);
  if (order.batch < 0) bench::stop(arguments[next]);
  order.command = arguments + next + 1;
  return order;
}

}  // namespace

int main(int count, char** arguments) {
  const Order order = order_in(count, arguments);
  signal(SIGPIPE, SIG_IGN);
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) bench::stop("prctl");
  if (order.gate >= 0) bench::wait_at(order.gate);
  const Outcome outcome = run(order);
  std::printf("%d %d %ld %ld %ld %ld %ld\n", outcome.status, outcome.is_accepted ? 1 : 0,
              outcome.began, outcome.answered, outcome.ended, outcome.cpu, outcome.memory);
}
