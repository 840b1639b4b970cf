/// Runs one mail client and says how long it took and what it used. It is small, because a child's
/// peak memory begins with its parent's, and it does the talking, so that no part of it counts as
/// the client's CPU time.
///
///     launch [--talk] [--gate FD] FILE PROGRAM [ARGUMENT...]
///
/// FILE is one message as batch SMTP with CRLF: MAIL, RCPT, DATA, the text, a dot. It becomes the
/// standard input of PROGRAM; with --talk it is said to it as a mail server says it to a mailer,
/// every command waiting for its answer, between EHLO and QUIT. With --gate nothing starts before
/// the end of that descriptor's input.
///
/// Prints: status accepted began answered ended cpu memory
/// (the exit status, or 128 + the signal; 1 if the message was accepted, else 0; nanoseconds since
/// 1970: start, 250 to the message or, in a batch, the end, and end; microseconds of the client
/// with all its children; its largest resident set in KiB)
#include "../tools/sink_store.h"

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

using sink::write_all;

constexpr std::size_t piece_size = 65536;

struct Order {
  bool talks = false;
  int gate = -1;
  int batch = -1;
  char** command = nullptr;
};

struct Client {
  pid_t pid = 0;
  int input = -1;   ///< the end of a pipe, where we talk to it
  int output = -1;  ///< the end of a pipe, where it answers
};

struct Outcome {
  int status = 0;
  bool is_accepted = false;
  long began = 0, answered = 0, ended = 0;
  long cpu = 0, memory = 0;
};

[[noreturn]] void stop(const char* what) {
  std::perror(what);
  std::exit(99);
}

long now() {
  struct timespec time {};
  clock_gettime(CLOCK_REALTIME, &time);
  return time.tv_sec * 1000000000L + time.tv_nsec;
}

// --- talking as a mail server does ---

/// The server's end of the conversation, and the message to say to it.
class Conversation {
 public:
  Conversation(const Client& client, int batch) : client_(client), batch_(batch) {}

  /// True once the message was accepted; `answered` says when.
  bool run(long& answered) {
    if (!expect("220") || !command("EHLO bench.example\r\n", "250") || !say_envelope())
      return false;
    if (!say_rest() || !expect("250")) return false;
    answered = now();
    // How the session ends does not matter to a message that was accepted.
    static_cast<void>(command("QUIT\r\n", "221"));
    return true;
  }

 private:
  bool say_envelope() {
    while (true) {
      const std::string line = batch_line();
      const bool is_data = line == "DATA\r\n";
      if (line.empty() || !command(line, is_data ? "354" : "250")) return false;
      if (is_data) return true;
    }
  }

  bool say_rest() {
    do {
      if (!write_all(client_.input, waiting_)) return false;
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

  bool command(std::string_view line, std::string_view code) {
    return write_all(client_.input, line) && expect(code);
  }

  /// Reads one reply, however many lines it has.
  bool expect(std::string_view code) {
    std::string line;
    do {
      if (!reply_line(line)) return false;
    } while (line.size() > 3 && line[3] == '-');
    return line.starts_with(code);
  }

  bool reply_line(std::string& line) {
    std::size_t end;
    while ((end = replies_.find('\n')) == std::string::npos) {
      std::array<char, 4096> piece;
      const ssize_t count = read(client_.output, piece.data(), piece.size());
      if (count <= 0) return false;
      replies_.append(piece.data(), static_cast<std::size_t>(count));
    }
    line = replies_.substr(0, end);
    replies_.erase(0, end + 1);
    return true;
  }

  Client client_;
  int batch_;
  std::string waiting_;  ///< read from the batch and not yet said
  std::string replies_;  ///< received and not yet looked at
};

// --- running the client ---

[[noreturn]] void become(char** command, int input, int output) {
  if (dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0) stop("dup2");
  signal(SIGPIPE, SIG_DFL);
  execv(command[0], command);
  stop(command[0]);
}

Client start(const Order& order) {
  std::array<int, 2> to{}, from{};
  if (pipe2(to.data(), O_CLOEXEC) != 0 || pipe2(from.data(), O_CLOEXEC) != 0) stop("pipe2");
  const pid_t pid = fork();
  if (pid < 0) stop("fork");
  if (pid == 0) become(order.command, order.talks ? to[0] : order.batch, from[1]);
  close(to[0]);
  close(from[1]);
  return {pid, to[1], from[0]};
}

long microseconds(const struct timeval& time) {
  return time.tv_sec * 1000000L + time.tv_usec;
}

/// Waits for the client and for what it left behind: as their reaper we are told of all of them.
void wait_for_all(pid_t client, Outcome& outcome) {
  int status = 0;
  struct rusage used {};
  for (pid_t pid; (pid = wait4(-1, &status, 0, &used)) > 0;) {
    outcome.cpu += microseconds(used.ru_utime) + microseconds(used.ru_stime);
    outcome.memory = std::max(outcome.memory, used.ru_maxrss);
    if (pid != client) continue;
    outcome.ended = now();
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
}

Outcome run(const Order& order) {
  Outcome outcome;
  outcome.began = now();
  const Client client = start(order);
  if (order.talks) outcome.is_accepted = Conversation(client, order.batch).run(outcome.answered);
  close(client.input);
  wait_for_all(client.pid, outcome);
  if (order.talks) return outcome;
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
      order.talks = true;
    } else if (option == "--gate" && next + 1 < count) {
      const std::string_view number = arguments[++next];
      std::from_chars(number.data(), number.data() + number.size(), order.gate);
    }
  }
  if (next + 1 >= count) {
    std::fputs("usage: launch [--talk] [--gate FD] FILE PROGRAM [ARGUMENT...]\n", stderr);
    std::exit(99);
  }
  order.batch = open(arguments[next], O_RDONLY | O_CLOEXEC);
  if (order.batch < 0) stop(arguments[next]);
  order.command = arguments + next + 1;
  return order;
}

void wait_at(int gate) {
  char byte;
  while (read(gate, &byte, 1) > 0) {
  }
  close(gate);
}

}  // namespace

int main(int count, char** arguments) {
  const Order order = order_in(count, arguments);
  signal(SIGPIPE, SIG_IGN);
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) stop("prctl");
  if (order.gate >= 0) wait_at(order.gate);
  const Outcome outcome = run(order);
  std::printf("%d %d %ld %ld %ld %ld %ld\n", outcome.status, outcome.is_accepted ? 1 : 0,
              outcome.began, outcome.answered, outcome.ended, outcome.cpu, outcome.memory);
}
