#include "keeper/supervisor.h"

#include "base/failure.h"
#include "base/unix_socket.h"
#include "directory.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>

namespace sshsm::keeper {
namespace {

using namespace std::chrono_literals;
using Environment = std::map<std::string, std::string>;

/// Reads with this environment and no other.
Supervision read_from(const Environment& environment) {
  clearenv();
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  Supervision supervision = read_supervision();
  clearenv();
  return supervision;
}

std::string own_process() {
  return std::to_string(getpid());
}

using Names = std::vector<std::string>;

Names names_of(const Environment& environment) {
  return read_from(environment).names;
}

base::Descriptor receiver_at(const std::string& path) {
  base::Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const base::SocketAddress address(path);
  REQUIRE(bind(socket.get(), address.get(), address.size()) == 0);
  return socket;
}

std::string datagram_from(const base::Descriptor& receiver) {
  std::array<char, 2048> text{};
  const ssize_t size = recv(receiver.get(), text.data(), text.size(), 0);
  return size < 0 ? "none" : std::string(text.data(), static_cast<std::size_t>(size));
}

/// What stands in for descriptors 3 and 4 while other tests own the real ones: a child.
int exit_status_of_child(const std::function<int()>& work) {
  const pid_t process = fork();
  if (process == 0) _exit(work());
  int status = 0;
  waitpid(process, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("the descriptors that systemd passes have the names of its units") {
  CHECK(names_of({{"LISTEN_PID", own_process()},
                  {"LISTEN_FDS", "3"},
                  {"LISTEN_FDNAMES", "meeting:smtp:lmtp"}}) == Names{"meeting", "smtp", "lmtp"});
}

TEST_CASE(
    "what is missing among the names is empty, and more names than descriptors mean nothing") {
  const std::string us = own_process();
  CHECK(names_of({{"LISTEN_PID", us}, {"LISTEN_FDS", "2"}}) == Names{"", ""});
  CHECK(names_of({{"LISTEN_PID", us}, {"LISTEN_FDS", "2"}, {"LISTEN_FDNAMES", "smtp"}}) ==
        Names{"smtp", ""});
  CHECK(names_of({{"LISTEN_PID", us}, {"LISTEN_FDS", "1"}, {"LISTEN_FDNAMES", "smtp:lmtp"}}) ==
        Names{"smtp"});
}

TEST_CASE("variables for another process, or that nobody can read, count as absent") {
  const std::string us = own_process();
  CHECK(names_of({}).empty());
  CHECK(names_of({{"LISTEN_PID", "1"}, {"LISTEN_FDS", "1"}}).empty());
  CHECK(names_of({{"LISTEN_FDS", "1"}}).empty());
  CHECK(names_of({{"LISTEN_PID", us}}).empty());
  for (const char* count : {"", "0", "-1", "x", "1 ", "65", "99999999999999999999"})
    CHECK(names_of({{"LISTEN_PID", us}, {"LISTEN_FDS", count}}).empty());
  CHECK(names_of({{"LISTEN_PID", us}, {"LISTEN_FDS", "64"}}).size() == max_inherited);
}

TEST_CASE("the watchdog's time is microseconds, for us or for everybody") {
  CHECK(read_from({{"WATCHDOG_USEC", "30000000"}}).watchdog == 30s);
  CHECK(read_from({{"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", own_process()}}).watchdog ==
        30s);
  CHECK(read_from({{"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", "1"}}).watchdog == 0s);
  CHECK(read_from({{"WATCHDOG_USEC", "86400000000"}}).watchdog == 24h);
  CHECK(read_from({{"WATCHDOG_USEC", "86400000001"}}).watchdog == 0s);
  CHECK(read_from({{"WATCHDOG_USEC", "soon"}}).watchdog == 0s);
}

TEST_CASE("each inherited socket is what its name says, and owned from then on") {
  const Directory directory;
  CHECK(
      exit_status_of_child([&] {
        base::Descriptor first =
            listen_at({Kind::smtp, directory.of("s"), {}, 0}, Remains::kept, getegid()).descriptor;
        base::Descriptor second =
            listen_at({Kind::smtp, directory.of("t"), {}, 0}, Remains::kept, getegid()).descriptor;
        const int high = fcntl(second.get(), F_DUPFD_CLOEXEC, 10);
        dup2(fcntl(first.get(), F_DUPFD_CLOEXEC, 10), 3);
        dup2(high, 4);
        const auto listeners = inherited_listeners({{"meeting", "lmtp"}, "", 0s});
        const bool is_right =
            listeners.size() == 2 && listeners[0].kind == Kind::meeting &&
            listeners[0].path == directory.of("s") && listeners[1].kind == Kind::lmtp &&
            listeners[1].path == directory.of("t") && listeners[0].descriptor.get() == 3;
        return is_right ? 0 : 1;
      }) == 0);
}

TEST_CASE("a socket of any other name is refused, since nobody guesses what is spoken on it") {
  CHECK(exit_status_of_child([] {
          try {
            (void)inherited_listeners({{"sshsmd@friend.socket"}, "", 0s});
          } catch (const base::Failure& failure) {
            return failure.detail() ==
                           "a socket of the supervisor has the name \"sshsmd@friend.socket\"; "
                           "FileDescriptorName= must be smtp, lmtp or meeting"
                       ? 0
                       : 1;
          }
          return 2;
        }) == 0);
}

TEST_CASE("the supervisor is told what sd_notify would tell him") {
  const Directory directory;
  const base::Descriptor receiver = receiver_at(directory.of("s"));
  Notifier notifier({{}, directory.of("s"), 0s});
  CHECK(notifier.next_sign_of_life().poll_timeout() == -1);
  notifier.tell_ready("waiting for clients");
  CHECK(datagram_from(receiver) == "READY=1\nSTATUS=waiting for clients");
  CHECK(datagram_from(receiver) == "none");
  notifier.tell_status("the line is up\nREADY=0");
  CHECK(datagram_from(receiver) == "STATUS=the line is up\\x0aREADY=0");
  notifier.tell_stopping("stopped by a signal");
  CHECK(datagram_from(receiver) == "STOPPING=1\nSTATUS=stopped by a signal");
}

TEST_CASE("the watchdog gets a sign of life twice in its time") {
  const Directory directory;
  const base::Descriptor receiver = receiver_at(directory.of("s"));
  Notifier notifier({{}, directory.of("s"), 30s});
  notifier.tell_ready("x");
  CHECK(datagram_from(receiver) == "READY=1\nSTATUS=x");
  CHECK(datagram_from(receiver) == "WATCHDOG=1");
  CHECK(notifier.next_sign_of_life().poll_timeout() > 14000);
  CHECK(notifier.next_sign_of_life().poll_timeout() <= 15000);
  notifier.give_sign_of_life();
  CHECK(datagram_from(receiver) == "WATCHDOG=1");
}

TEST_CASE("without a supervisor, or with one who is gone, nothing is told and nothing goes wrong") {
  Notifier nobody;
  nobody.tell_ready("x");
  nobody.give_sign_of_life();
  CHECK(nobody.next_sign_of_life().poll_timeout() == -1);
  Notifier gone({{}, "/nonexistent/notify", 30s});
  gone.tell_ready("x");
  CHECK(gone.next_sign_of_life().poll_timeout() == -1);
}

}  // namespace sshsm::keeper
