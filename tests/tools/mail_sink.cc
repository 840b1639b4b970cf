// A mail server for tests: speaks SMTP on its standard input and output like `sendmail -bs` and
// keeps what it accepts. What it says, and how it misbehaves, is told by a script:
//
//   mail_sink [--script FILE] [--mbox FILE] [--maildir DIR] [--tally FILE] [--transcript FILE]
//             [--listen PORT]
//
// With --listen it does so for everybody who connects to that port of the loopback, in a child
// each.
//
// tests/README.md describes the script's language. Without one it is a strict server, as sendmail
// 8.17 is: whoever speaks before the greeting, or behind EHLO before its answer, is refused with
// 554 and then 550 for everything; a bare CR or LF in a message ends the session with 421.

#include "sink_session.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace sink {
namespace {

/// However a test ends, no sink outlives it by more than this.
constexpr unsigned max_lifetime_seconds = 900;
/// The one at a port is there for a whole run.
constexpr unsigned max_listener_seconds = 1800;

std::string contents_of(const std::string& path) {
  std::string text;
  std::array<char, 65536> piece;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw std::runtime_error("cannot read " + path);
  ssize_t count;
  while ((count = read(file, piece.data(), piece.size())) > 0)
    text.append(piece.data(), static_cast<std::size_t>(count));
  close(file);
  return text;
}

int listen_at(const std::string& port) {
  struct sockaddr_in address {};
  std::uint16_t number = 0;
  std::from_chars(port.data(), port.data() + port.size(), number);
  address.sin_family = AF_INET;
  address.sin_port = htons(number);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, SOMAXCONN) != 0)
    throw std::runtime_error("cannot listen at port " + port);
  return listener;
}

/// Returns in a child for each client, who is then on its standard input and output.
void accept_clients(int listener) {
  alarm(max_listener_seconds);
  signal(SIGCHLD, SIG_IGN);
  // Replies to a pipelined envelope are several pieces, and would wait for a delayed
  // acknowledgement.
  const int on = 1;
  for (;;) {
    const int client = accept(listener, nullptr, nullptr);
    if (client >= 0 && fork() == 0) {
      alarm(max_lifetime_seconds);
      setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      dup2(client, STDIN_FILENO);
      dup2(client, STDOUT_FILENO);
      close(client);
      close(listener);
      return;
    }
    close(client);
  }
}

[[noreturn]] void run(int count, char** arguments) {
  Script script;
  Store store;
  int transcript = -1;
  std::string port;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = arguments[i];
    const std::string value = arguments[i + 1];
    if (name == "--script") {
      script = parse_script(contents_of(value));
    } else if (name == "--mbox") {
      store.mbox = value;
    } else if (name == "--maildir") {
      store.maildir = value;
    } else if (name == "--tally") {
      store.tally = value;
    } else if (name == "--transcript") {
      transcript = open(value.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    } else if (name == "--listen") {
      port = value;
    } else {
      throw std::runtime_error("unknown option " + std::string(name));
    }
  }
  if (count % 2 == 0) throw std::runtime_error("an option without its value");
  if (!port.empty()) accept_clients(listen_at(port));
  serve(std::move(script), std::move(store), transcript);
}

}  // namespace
}  // namespace sink

int main(int count, char** arguments) {
  alarm(sink::max_lifetime_seconds);
  signal(SIGPIPE, SIG_IGN);
  try {
    sink::run(count, arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mail_sink: %s\n", error.what());
    return 64;
  }
}
