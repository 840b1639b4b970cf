#include "ssh/proxy_process.h"

#include "base/failure.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

using namespace sshsm::ssh;
using namespace sshsm::base;
using Words = std::vector<std::string>;

namespace {

Words shell(const std::string& script) {
  return {"/bin/sh", "-c", script};
}

void wait_for_end(ProxyProcess& proxy) {
  const Deadline deadline = Deadline::after(Milliseconds(5000));
  while (!proxy.has_ended() && !deadline.passed()) proxy.wait(-1, deadline);
  REQUIRE(proxy.has_ended());
}

/// Everything that comes through the connection until its end.
std::string read_all(ProxyProcess& proxy, const Descriptor& connection) {
  std::string text;
  const Deadline deadline = Deadline::after(Milliseconds(5000));
  while (!deadline.passed()) {
    std::string piece(4096, '\0');
    const ssize_t size = recv(connection.get(), piece.data(), piece.size(), 0);
    if (size == 0) return text;
    if (size > 0) text += piece.substr(0, static_cast<std::size_t>(size));
    if (size < 0) proxy.wait(connection.get(), Deadline::after(Milliseconds(50)));
  }
  FAIL("the connection did not end");
  return text;
}

std::string output_of(const Words& words) {
  ProxyProcess proxy(words);
  const Descriptor connection = proxy.take_connection();
  return read_all(proxy, connection);
}

std::string complaint(const Words& words, Cause expected) {
  try {
    const ProxyProcess proxy(words);
  } catch (const Failure& failure) {
    CHECK(failure.cause() == expected);
    return failure.detail();
  }
  return "it runs";
}

}  // namespace

TEST_CASE("%h, %p and %% are replaced wherever they stand, and a word stays a word") {
  const Words words{"/usr/bin/ssh", "-W", "[%h]:%p", "100%%", "%%h", "a b"};
  CHECK(expand_proxy_command(words, "mx 1; rm", 2222) ==
        Words{"/usr/bin/ssh", "-W", "[mx 1; rm]:2222", "100%", "%h", "a b"});
}

TEST_CASE("a proxy-command talks through its standard input and output") {
  ProxyProcess proxy({"/bin/cat"});
  const Descriptor connection = proxy.take_connection();
  REQUIRE(send(connection.get(), "hello", 5, 0) == 5);
  REQUIRE(shutdown(connection.get(), SHUT_WR) == 0);
  CHECK(read_all(proxy, connection) == "hello");
  CHECK(proxy.state().end_words() == "exit status 0");
}

TEST_CASE("a proxy-command has a bare environment, three descriptors and the root directory") {
  CHECK(output_of({"/usr/bin/env"}) == "PATH=/usr/bin:/bin\n");
  // The fourth is the directory that ls itself reads.
  CHECK(output_of({"/bin/ls", "/proc/self/fd"}) == "0\n1\n2\n3\n");
  CHECK(output_of(shell("pwd")) == "/\n");
}

TEST_CASE("a proxy-command inherits no signal that is ignored or blocked") {
  signal(SIGPIPE, SIG_IGN);
  const std::string signals = output_of({"/bin/grep", "^Sig[BI]", "/proc/self/status"});
  signal(SIGPIPE, SIG_DFL);
  CHECK(signals == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_CASE("a proxy-command has no terminal to ask anybody on") {
  CHECK(output_of(shell("exec 2>&1; : < /dev/tty || :")).find("/dev/tty") != std::string::npos);
}

TEST_CASE("the end of its standard error is kept, and how it ended") {
  ProxyProcess proxy(shell("head -c 1000000 /dev/zero | tr '\\0' x >&2; echo >&2 the end; exit 7"));
  wait_for_end(proxy);
  const ProxyState state = proxy.state();
  CHECK(state.exit_status == 7);
  CHECK(state.end_words() == "exit status 7");
  CHECK(state.error_output.size() == ProxyProcess::max_error_output);
  CHECK(state.error_output.ends_with("xxxthe end"));

  ProxyProcess killed(shell("kill -9 $$"));
  wait_for_end(killed);
  CHECK(killed.state().end_words() == "killed by signal 9");
}

TEST_CASE("its end is the end of the connection, whoever else holds that") {
  ProxyProcess proxy(shell("setsid sleep 20 & echo before; exit 3"));
  const Descriptor connection = proxy.take_connection();
  const Deadline limit = Deadline::after(Milliseconds(5000));
  CHECK(read_all(proxy, connection) == "before\n");
  CHECK(proxy.state().exit_status == 3);
  CHECK_FALSE(limit.passed());
}

TEST_CASE("what it leaves in its group is killed with it") {
  ProxyProcess proxy(shell("sleep 20 & echo $!; exit 0"));
  const Descriptor connection = proxy.take_connection();
  const pid_t left = std::stoi(read_all(proxy, connection));
  const Deadline deadline = Deadline::after(Milliseconds(5000));
  // Dead, or a zombie that nobody reaps here.
  const std::string status = "! grep -q '^State:.[^Z]' /proc/" + std::to_string(left) + "/status";
  while (kill(left, 0) == 0 && !deadline.passed())
    if (output_of(shell(status + " 2>/dev/null && echo gone")) == "gone\n") break;
  CHECK_FALSE(deadline.passed());
}

TEST_CASE("one that ignores SIGTERM and the end of its input is killed in time") {
  ProxyProcess proxy(shell("trap '' TERM; echo ready; sleep 20; sleep 20"));
  const Descriptor connection = proxy.take_connection();
  while (proxy.wait(connection.get(), Deadline::after(Milliseconds(5000))) == false) continue;
  const Clock::time_point began = Clock::now();
  proxy.end();
  CHECK(proxy.has_ended());
  CHECK(proxy.state().end_words() == "killed by signal 9");
  CHECK(Clock::now() - began < 3 * ProxyProcess::patience);
}

TEST_CASE("one whose connection was closed is not wanted any more") {
  ProxyProcess proxy(shell("exec sleep 20"));
  Descriptor connection = proxy.take_connection();
  proxy.wait(-1, Deadline::after(Milliseconds(20)));
  CHECK_FALSE(proxy.is_unwanted());
  connection.reset();
  proxy.wait(-1, Deadline::after(Milliseconds(2000)));
  CHECK(proxy.is_unwanted());
}

TEST_CASE("a program that cannot be run is an error of the configuration") {
  CHECK(complaint({"/nonexistent/nc", "x"}, Cause::configuration_invalid) ==
        "proxy-command /nonexistent/nc: No such file or directory");
  CHECK(complaint({"/etc/passwd"}, Cause::configuration_invalid) ==
        "proxy-command /etc/passwd: Permission denied");
  CHECK(complaint({"/etc"}, Cause::configuration_invalid) ==
        "proxy-command /etc: Permission denied");
}
