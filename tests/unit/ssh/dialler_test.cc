#include "ssh/dialler.h"

#include "base/failure.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

using namespace sshsm::ssh;
using namespace sshsm::base;
using sshsm::config::Destination;

namespace {

/// A listening socket on the loopback, and its port.
struct Listener {
  Listener() : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(bind(socket.get(), generic, size) == 0);
    REQUIRE(listen(socket.get(), 5) == 0);
    REQUIRE(getsockname(socket.get(), generic, &size) == 0);
    port = ntohs(address.sin_port);
  }
  Descriptor socket;
  std::uint16_t port = 0;
};

Destination to(const std::string& host, std::uint16_t port) {
  Destination destination;
  destination.hosts = {host};
  destination.port = port;
  return destination;
}

RaceWinner dial(Dialler& dialler, const std::vector<std::string>& left_out = {}) {
  PlainWaiter waiter;
  return dialler.dial(0, left_out, Deadline::after(Milliseconds(5000)), waiter);
}

/// The sentence of the failure, or an empty one.
std::string complaint(Dialler& dialler, Cause expected) {
  try {
    const RaceWinner winner = dial(dialler);
    return "connected to " + winner.address;
  } catch (const Failure& failure) {
    CHECK(failure.cause() == expected);
    return failure.detail();
  }
}

}  // namespace

TEST_CASE("the dialler passes back a connected socket and the address it reached") {
  const Listener listener;
  Dialler dialler(to("127.0.0.1", listener.port));
  const RaceWinner winner = dial(dialler);
  CHECK(winner.address == "127.0.0.1");
  CHECK(winner.others == 0);
  const Descriptor accepted(accept(listener.socket.get(), nullptr, nullptr));
  REQUIRE(write(accepted.get(), "hello", 5) == 5);
  std::string text(5, '\0');
  PlainWaiter waiter;
  REQUIRE(waiter.wait(winner.connection.get(), POLLIN, Deadline::after(Milliseconds(2000))) != 0);
  CHECK(recv(winner.connection.get(), text.data(), text.size(), 0) == 5);
  CHECK(text == "hello");
}

TEST_CASE("a race whose time is up before it began tells where it would have gone") {
  const RaceCourse course{.host = "127.0.0.1", .port = 2222, .bind_address = {}, .left_out = {}};
  try {
    static_cast<void>(run_address_race(course, Deadline::after(Milliseconds(0))));
    FAIL("connected");
  } catch (const Failure& failure) {
    CHECK(failure.cause() == Cause::connection_timed_out);
    CHECK(failure.detail() == "127.0.0.1 port 2222");
  }
}

TEST_CASE("an address that refused is no other address to try") {
  // Where localhost is ::1, too, nobody listens there.
  const Listener listener;
  Dialler dialler(to("localhost", listener.port));
  const RaceWinner winner = dial(dialler);
  CHECK(winner.address == "127.0.0.1");
  CHECK(winner.others == 0);
}

TEST_CASE("the dialler answers more than once") {
  const Listener listener;
  Dialler dialler(to("127.0.0.1", listener.port));
  CHECK(dial(dialler).address == "127.0.0.1");
  CHECK(dial(dialler).address == "127.0.0.1");
}

TEST_CASE("a closed port is told with address and reason") {
  std::uint16_t port = 0;
  {
    const Listener listener;
    port = listener.port;
  }
  Dialler dialler(to("127.0.0.1", port));
  CHECK(complaint(dialler, Cause::connection_failed) ==
        "127.0.0.1 port " + std::to_string(port) + ": Connection refused");
}

TEST_CASE("a name that cannot exist is told as such, or the resolver is") {
  Dialler dialler(to("no-such-host.invalid", 22));
  PlainWaiter waiter;
  try {
    const RaceWinner winner = dialler.dial(0, {}, Deadline::after(Milliseconds(20000)), waiter);
    FAIL("connected to ", winner.address);
  } catch (const Failure& failure) {
    // Without a resolver the same name is a temporary failure; both keep the mail queued.
    const bool is_lookup_failure =
        failure.cause() == Cause::name_unknown || failure.cause() == Cause::name_lookup_failed;
    CHECK(is_lookup_failure);
    CHECK(failure.detail().starts_with("no-such-host.invalid: "));
  }
}

TEST_CASE("an address family that the host lacks is no connection") {
  const Listener listener;
  Destination destination = to("127.0.0.1", listener.port);
  destination.address_family = sshsm::config::AddressFamily::inet6;
  Dialler dialler(destination);
  PlainWaiter waiter;
  CHECK_THROWS_AS((void)dialler.dial(0, {}, Deadline::after(Milliseconds(2000)), waiter), Failure);
}

TEST_CASE("the bind address is where the connection comes from") {
  const Listener listener;
  Destination destination = to("127.0.0.1", listener.port);
  destination.bind_address = "127.0.0.9";
  Dialler dialler(destination);
  const RaceWinner winner = dial(dialler);
  sockaddr_in from{};
  socklen_t size = sizeof from;
  const Descriptor accepted(
      accept(listener.socket.get(), reinterpret_cast<sockaddr*>(&from), &size));
  CHECK(ntohl(from.sin_addr.s_addr) == 0x7f000009);
}

TEST_CASE("a backlog that takes no more is a connection that does not come in time") {
  const Listener listener;
  REQUIRE(listen(listener.socket.get(), 0) == 0);
  Dialler dialler(to("127.0.0.1", listener.port));
  std::vector<RaceWinner> taken;
  PlainWaiter waiter;
  try {
    for (int i = 0; i < 5; ++i)
      taken.push_back(dialler.dial(0, {}, Deadline::after(Milliseconds(700)), waiter));
    FAIL("the kernel took five connections into a backlog of none");
  } catch (const Failure& failure) {
    CHECK(failure.cause() == Cause::connection_timed_out);
    CHECK(failure.detail() == "127.0.0.1 port " + std::to_string(listener.port));
  }
}

TEST_CASE("each host has a dialler of its own, and there is none for a host that is not listed") {
  const Listener listener;
  Destination destination = to("127.0.0.2", listener.port);
  destination.hosts.emplace_back("127.0.0.1");
  Dialler dialler(destination);
  PlainWaiter waiter;
  const Deadline deadline = Deadline::after(Milliseconds(5000));
  CHECK(complaint(dialler, Cause::connection_failed) ==
        "127.0.0.2 port " + std::to_string(listener.port) + ": Connection refused");
  CHECK(dialler.dial(1, {}, deadline, waiter).address == "127.0.0.1");
  CHECK_THROWS_AS((void)dialler.dial(2, {}, deadline, waiter), std::out_of_range);
}

TEST_CASE("addresses that the bind address cannot reach are passed over") {
  // Where localhost is ::1, too, it comes first.
  const Listener listener;
  Destination destination = to("localhost", listener.port);
  destination.bind_address = "127.0.0.9";
  Dialler dialler(destination);
  CHECK(dial(dialler).address == "127.0.0.1");
}

TEST_CASE("the dialler ends when its parent closes the socket") {
  const Listener listener;
  { Dialler dialler(to("127.0.0.1", listener.port)); }
  int status = 0;
  CHECK(waitpid(-1, &status, 0) > 0);
}

TEST_CASE("the dialler looks a name up without connecting, and dials behind that") {
  const Listener listener;
  Dialler dialler(to("127.0.0.1", listener.port));
  PlainWaiter waiter;
  const auto soon = [] { return Deadline::after(Milliseconds(5000)); };
  CHECK(dialler.look_up(0, soon(), waiter) == std::vector<std::string>{"127.0.0.1"});
  pollfd watched{listener.socket.get(), POLLIN, 0};
  CHECK(poll(&watched, 1, 100) == 0);
  CHECK(dial(dialler).address == "127.0.0.1");
}

TEST_CASE("a name that cannot be looked up gives the failure that dialling it gives") {
  Destination destination = to("127.0.0.1", 25);
  destination.address_family = sshsm::config::AddressFamily::inet6;
  Dialler dialler(destination);
  PlainWaiter waiter;
  std::string detail;
  try {
    const auto found = dialler.look_up(0, Deadline::after(Milliseconds(5000)), waiter);
    detail = "found " + found.front();
  } catch (const Failure& failure) {
    CHECK(failure.cause() == Cause::name_lookup_failed);
    detail = failure.detail();
  }
  CHECK(detail == "127.0.0.1: Address family for hostname not supported");
  CHECK(complaint(dialler, Cause::name_lookup_failed) == detail);
}
