/// A mail server that empties its queue: one SMTP session after another, each with one message.
///
///     sessions [--gate FD] [--seconds N] FILE FIRST COUNT unix PATH
///     sessions ...                                        tcp PORT
///     sessions ...                                        talk PROGRAM [ARGUMENT...]
///     sessions ...                                        lmtp PROGRAM [ARGUMENT...]
///     sessions ...                                        batch PROGRAM [ARGUMENT...]
///
/// FILE is one message as batch SMTP with CRLF: MAIL, RCPT, DATA, the text, a dot. Its text begins
/// with a line that ends in eight digits; they become FIRST, FIRST + 1 and so on, so that no two
/// messages are alike. Where PIPELINING is offered MAIL, RCPT and DATA go in one write, as Exim,
/// Postfix and sendmail do it. The same client speaks over a socket, or over the standard input and
/// output of PROGRAM, which is started for each session; one that reads batch SMTP gets it as its
/// standard input, and its exit status counts. With --seconds no session begins later than that.
///
/// Prints: accepted began ended cpu program_cpu
/// (a digit per message that was tried, 1 for each that was accepted; nanoseconds since 1970;
/// microseconds of this client and of the programs it ran). What was said instead of an acceptance
/// is on standard error.
#include "../tools/sink_store.h"
#include "dialogue.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/mman.h>
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
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace {

using bench::Dialogue;
using bench::Program;

constexpr std::size_t digits = 8;

struct Order {
  int gate = -1;
  long seconds = 0;  ///< 0: no limit
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

bool say_envelope(Dialogue& dialogue, const Letter& letter) {
  if (dialogue.reply().find("PIPELINING") == std::string::npos)
    return dialogue.command(letter.mail, "250") && dialogue.command(letter.rcpt, "250") &&
           dialogue.command("DATA\r\n", "354");
  return dialogue.say(letter.mail + letter.rcpt + "DATA\r\n") && dialogue.expect("250") &&
         dialogue.expect("250") && dialogue.expect("354");
}

bool converse(Dialogue& dialogue, std::string_view hello, const Letter& letter) {
  if (!dialogue.expect("220") || !dialogue.command(hello, "250") ||
      !say_envelope(dialogue, letter) || !dialogue.command(letter.text, "250"))
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
  const std::string_view hello = order.kind == "lmtp" ? bench::lmtp_hello : bench::smtp_hello;
  if (converse(dialogue, hello, letter)) return true;
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

/// The whole message as a file of no name, to be read from its beginning.
int batch_of(const Letter& letter) {
  const int file = memfd_create("batch", MFD_CLOEXEC);
  if (file < 0) bench::stop("memfd_create");
  if (!sink::write_all(file, letter.mail + letter.rcpt + "DATA\r\n") ||
      !sink::write_all(file, letter.text) || lseek(file, 0, SEEK_SET) != 0)
    bench::stop("the batch");
  return file;
}

bool one_batch(const Order& order, const Letter& letter) {
  const int batch = batch_of(letter);
  const Program program = bench::start(order.target, batch);
  close(batch);
  int status = 0;
  waitpid(program.pid, &status, 0);
  close(program.output);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool one_session(const Order& order, const Letter& letter) {
  if (order.kind == "unix" || order.kind == "tcp") return one_over_socket(order, letter);
  return order.kind == "batch" ? one_batch(order, letter) : one_over_program(order, letter);
}

// --- all of them ---

long cpu_of(int who) {
  struct rusage used {};
  getrusage(who, &used);
  return bench::microseconds(used.ru_utime) + bench::microseconds(used.ru_stime);
}

/// Returns the digits that are printed.
std::string run(const Order& order, Letter letter, long began) {
  const long last_begin =
      order.seconds == 0 ? std::numeric_limits<long>::max() : began + order.seconds * 1000000000L;
  std::string accepted;
  for (long i = 0; i < order.count && bench::now() <= last_begin; ++i) {
    set_number(letter, order.first + i);
    accepted += one_session(order, letter) ? '1' : '0';
  }
  return accepted;
}

Order order_in(int count, char** arguments) {
  Order order;
  int next = 1;
  for (; next < count && std::string_view(arguments[next]).starts_with("--"); ++next) {
    const std::string_view option = arguments[next];
    if (option == "--seconds" && next + 1 < count) order.seconds = number_in(arguments[++next]);
    if (option == "--gate" && next + 1 < count)
      order.gate = static_cast<int>(number_in(arguments[++next]));
  }
  if (next + 4 >= count) {
    std::fputs("usage: sessions [--gate FD] [--seconds N] FILE FIRST COUNT KIND TARGET...\n",
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
  // A message of a gigabyte takes seconds to read, and is not what is measured.
  Letter letter = read_letter(order.file);
  if (order.gate >= 0) bench::wait_at(order.gate);
  const long began = bench::now();
  const std::string accepted = run(order, std::move(letter), began);
  std::printf("%s %ld %ld %ld %ld\n", accepted.c_str(), began, bench::now(), cpu_of(RUSAGE_SELF),
              cpu_of(RUSAGE_CHILDREN));
}
