/// A mail server that empties its queue: one SMTP session after another, each with one message.
///
///     sessions [--gate FD] [--step-by-step] FILE FIRST COUNT unix PATH
///     sessions ...                                           tcp PORT
///     sessions ...                                           run PROGRAM [ARGUMENT...]
///
/// FILE is one message as batch SMTP with CRLF: MAIL, RCPT, DATA, the text, a dot. Its text begins
/// with a line that ends in eight digits; they become FIRST, FIRST + 1 and so on, so that no two
/// messages are alike. Where PIPELINING is offered MAIL, RCPT and DATA go in one write, as Exim,
/// Postfix and sendmail do it; --step-by-step is for one who does not. The same client speaks over
/// a socket, or over the standard input and output of PROGRAM, which is started for each session.
///
/// Prints: accepted began ended cpu program_cpu
/// (a digit per message, 1 for each that was accepted; nanoseconds since 1970; microseconds of this
/// client and of the programs it ran). What was said instead of an acceptance is on standard error.
#include "dialogue.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using bench::Dialogue;
using bench::Program;

constexpr std::size_t digits = 8;

struct Order {
  int gate = -1;
  bool is_step_by_step = false;
  const char* file = nullptr;
  long first = 0, count = 0;
  std::string_view kind;
  char** target = nullptr;
};

/// The message in its parts, as they are said.
struct Letter {
  std::string mail, rcpt;  ///< commands with CRLF
  std::string text;        ///< with the final dot
  std::size_t number = 0;  ///< where its digits are
};

long number_in(std::string_view word) {
  long number = 0;
  std::from_chars(word.data(), word.data() + word.size(), number);
  return number;
}

// --- the message ---

std::string contents_of(const char* path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) bench::stop(path);
  std::string text;
  std::array<char, 65536> piece;
  for (ssize_t count; (count = read(file, piece.data(), piece.size())) > 0;)
    text.append(piece.data(), static_cast<std::size_t>(count));
  close(file);
  return text;
}

std::string take_line(std::string& text) {
  const std::size_t size = text.find('\n') + 1;
  std::string line = text.substr(0, size);
  text.erase(0, size);
  return line;
}

Letter read_letter(const char* path) {
  Letter letter;
  letter.text = contents_of(path);
  letter.mail = take_line(letter.text);
  letter.rcpt = take_line(letter.text);
  const bool is_data = take_line(letter.text) == "DATA\r\n";
  letter.number = letter.text.find('\r') - digits;
  if (is_data && letter.number < letter.text.size()) return letter;
  std::fprintf(stderr, "%s is no message with one recipient\n", path);
  std::exit(99);
}

void set_number(Letter& letter, long number) {
  for (std::size_t i = digits; i-- > 0; number /= 10)
    letter.text[letter.number + i] = static_cast<char>('0' + number % 10);
}

// --- one session ---

bool say_envelope(Dialogue& dialogue, const Letter& letter, bool is_pipelined) {
  if (!is_pipelined)
    return dialogue.command(letter.mail, "250") && dialogue.command(letter.rcpt, "250") &&
           dialogue.command("DATA\r\n", "354");
  return dialogue.say(letter.mail + letter.rcpt + "DATA\r\n") && dialogue.expect("250") &&
         dialogue.expect("250") && dialogue.expect("354");
}

bool converse(Dialogue& dialogue, const Letter& letter, bool is_step_by_step) {
  if (!dialogue.expect("220") || !dialogue.command("EHLO bench.example\r\n", "250")) return false;
  const bool is_pipelined =
      !is_step_by_step && dialogue.reply().find("PIPELINING") != std::string::npos;
  if (!say_envelope(dialogue, letter, is_pipelined) || !dialogue.command(letter.text, "250"))
    return false;
  // How the session ends does not matter to a message that was accepted.
  static_cast<void>(dialogue.command("QUIT\r\n", "221"));
  return true;
}

int connect_unix(std::string_view path) {
  struct sockaddr_un address {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return client;
  bench::stop("connect");
}

int connect_tcp(std::string_view port) {
  struct sockaddr_in address {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(number_in(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return client;
  bench::stop("connect");
}

bool run_session(Dialogue dialogue, const Order& order, const Letter& letter) {
  if (converse(dialogue, letter, order.is_step_by_step)) return true;
  std::fprintf(stderr, "not accepted, but: %s\n", dialogue.reply().c_str());
  return false;
}

bool one_over_socket(const Order& order, const Letter& letter) {
  const int client =
      order.kind == "unix" ? connect_unix(order.target[0]) : connect_tcp(order.target[0]);
  const bool is_accepted = run_session({client, client}, order, letter);
  close(client);
  return is_accepted;
}

bool one_over_program(const Order& order, const Letter& letter) {
  const Program program = bench::start_talking(order.target);
  const bool is_accepted = run_session({program.input, program.output}, order, letter);
  close(program.input);
  close(program.output);
  waitpid(program.pid, nullptr, 0);
  return is_accepted;
}

// --- all of them ---

long cpu_of(int who) {
  struct rusage used {};
  getrusage(who, &used);
  return bench::microseconds(used.ru_utime) + bench::microseconds(used.ru_stime);
}

/// Returns the digits that are printed.
std::string run(const Order& order) {
  Letter letter = read_letter(order.file);
  std::string accepted;
  for (long i = 0; i < order.count; ++i) {
    set_number(letter, order.first + i);
    const bool is_accepted =
        order.kind == "run" ? one_over_program(order, letter) : one_over_socket(order, letter);
    accepted += is_accepted ? '1' : '0';
  }
  return accepted;
}

Order order_in(int count, char** arguments) {
  Order order;
  int next = 1;
  for (; next < count && std::string_view(arguments[next]).starts_with("--"); ++next) {
    const std::string_view option = arguments[next];
    if (option == "--step-by-step") order.is_step_by_step = true;
    if (option == "--gate" && next + 1 < count)
      order.gate = static_cast<int>(number_in(arguments[++next]));
  }
  if (next + 4 >= count) {
    std::fputs("usage: sessions [--gate FD] [--step-by-step] FILE FIRST COUNT KIND TARGET...\n",
               stderr);
    std::exit(99);
  }
  order.file = arguments[next];
  order.first = number_in(arguments[next + 1]);
  order.count = number_in(arguments[next + 2]);
  order.kind = arguments[next + 3];
  order.target = arguments + next + 4;
  return order;
}

}  // namespace

int main(int count, char** arguments) {
  const Order order = order_in(count, arguments);
  signal(SIGPIPE, SIG_IGN);
  if (order.gate >= 0) bench::wait_at(order.gate);
  const long began = bench::now();
  const std::string accepted = run(order);
  std::printf("%s %ld %ld %ld %ld\n", accepted.c_str(), began, bench::now(), cpu_of(RUSAGE_SELF),
              cpu_of(RUSAGE_CHILDREN));
}
