#include "mailer/keeper_line.h"

#include "base/waiter.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::mailer {
namespace {

using base::Cause;
using base::Descriptor;

/// A keeper at the other ends of so many connections.
struct Keeper {
  explicit Keeper(std::size_t count = 1) {
    for (std::size_t i = 0; i < count; ++i) {
      std::array<int, 2> pair{};
      REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair.data()) == 0);
      connections.emplace_back(pair[0]);
      ends.emplace_back(pair[1]);
    }
    destination.name = "friend";
    destination.hosts = {"mx1.friend.example", "mx2.friend.example"};
  }
  KeeperLine line() { return {destination, std::move(connections), "/run/sshsm/friend.sock"}; }
  void say(std::string_view text, std::size_t which = 0) {
    REQUIRE(send(ends[which].get(), text.data(), text.size(), 0) ==
            static_cast<ssize_t>(text.size()));
  }
  std::string hear(std::size_t which = 0) {
    std::array<char, 1024> text{};
    const ssize_t size = recv(ends[which].get(), text.data(), text.size(), 0);
    return size < 0 ? "nothing" : std::string(text.data(), static_cast<std::size_t>(size));
  }

  config::Destination destination;
  std::vector<Descriptor> connections;
  std::vector<Descriptor> ends;
};

base::PlainWaiter waiter;

}  // namespace

TEST_CASE("the keeper's greeting and what follows is passed on as it comes") {
  Keeper keeper;
  KeeperLine line = keeper.line();
  CHECK_FALSE(line.is_open());
  line.open(waiter);
  keeper.say("220 here");
  CHECK(line.receive().bytes.empty());
  keeper.say(" ESMTP\r\n25");
  CHECK(line.receive().bytes == "220 here ESMTP\r\n25");
  keeper.say("0");
  CHECK(line.receive().bytes == "0");
  CHECK(line.channel().write("EHLO x\r\n") == 8);
  CHECK(keeper.hear() == "EHLO x\r\n");
}

TEST_CASE("the keeper's failure is told as our own, with the host that it was about") {
  Keeper keeper;
  KeeperLine line = keeper.line();
  line.open(waiter);
  CHECK(line.host() == "mx1.friend.example");
  keeper.say(
      "421 4.4.1 sshsm: friend (mx2.friend.example): cannot connect: 192.0.2.1 port 22: "
      "Connection refused; check that sshd runs there and the port is open; then try: "
      "sshsmctl check friend\r\n");
  const Line::Arrival arrival = line.receive();
  CHECK(arrival.bytes.empty());
  REQUIRE(arrival.loss);
  CHECK(arrival.loss->cause() == Cause::connection_failed);
  CHECK(arrival.loss->detail() == "192.0.2.1 port 22: Connection refused");
  CHECK(line.host() == "mx2.friend.example");
}

TEST_CASE("a 421 that is not the keeper's own about this destination is a reply as any other") {
  for (const char* greeting :
       {"421 4.3.2 closing down\r\n", "421 4.4.1 sshsm: other: cannot connect: x\r\n",
        "554 5.3.2 no\r\n"}) {
    Keeper keeper;
    KeeperLine line = keeper.line();
    line.open(waiter);
    keeper.say(greeting);
    const Line::Arrival arrival = line.receive();
    CHECK(arrival.bytes == greeting);
    CHECK_FALSE(arrival.loss);
  }
}

TEST_CASE("what the keeper says of a message in our own words is told as our own") {
  constexpr std::string_view doubt =
      " 4.4.2 sshsm: friend (mx2.friend.example): no clear answer to the final dot; the message "
      "may "
      "have been delivered: the connection was lost; the retry may make a second copy";
  for (const char* code : {"421", "451"}) {
    Keeper keeper;
    KeeperLine line = keeper.line();
    smtp::MessageOutcome outcome{smtp::Fate::deferred, smtp::Phase::dot, {}, {}};
    for (const char* path : {"<b@b.example>", "<c@b.example>"})
      outcome.recipients.push_back(
          {path, smtp::Fate::deferred, "4.4.2", code + std::string(doubt), true});
    const smtp::MessageOutcome told = line.in_own_words(outcome);
    REQUIRE(told.failure);
    CHECK(told.failure->cause() == Cause::maybe_delivered);
    CHECK(told.failure->detail() == "the connection was lost");
    CHECK(told.phase == smtp::Phase::dot);
    CHECK(told.recipients[1].reason.empty());
    CHECK(line.host() == "mx2.friend.example");
    // Of one recipient alone nothing is said of the others.
    outcome.recipients[1].reason = "450 4.2.1 try later";
    CHECK_FALSE(line.in_own_words(outcome).failure);
  }
}

TEST_CASE("what the mail server says of a message stays his") {
  for (const char* reason :
       {"451 4.3.0 try later", "550 4.4.2 sshsm: friend: the connection was lost",
        "250 4.4.2 sshsm: friend: the connection was lost"}) {
    Keeper keeper;
    KeeperLine line = keeper.line();
    const smtp::MessageOutcome outcome{
        smtp::Fate::deferred,
        smtp::Phase::dot,
        {{"<b@b.example>", smtp::Fate::deferred, "4.0.0", reason, true}},
        {}};
    CHECK_FALSE(line.in_own_words(outcome).failure);
    CHECK(line.in_own_words(outcome).recipients[0].reason == reason);
  }
}

TEST_CASE("a greeting without an end is passed on, as are bytes without a line end at the end") {
  Keeper keeper;
  KeeperLine line = keeper.line();
  line.open(waiter);
  keeper.say(std::string(504, 'x'));
  CHECK(line.receive().bytes.empty());
  keeper.say("x");
  CHECK(line.receive().bytes.size() == 505);

  Keeper other;
  KeeperLine short_line = other.line();
  short_line.open(waiter);
  other.say("22");
  other.ends.clear();
  CHECK(short_line.receive().bytes == "22");
  CHECK(short_line.channel().ended());
  const base::Failure end = short_line.explain_end(false, "22", waiter);
  CHECK(end.cause() == Cause::connection_lost);
  CHECK(end.detail() == "the keeper ended the conversation");
}

TEST_CASE("what the keeper said is heard though he hung up while something was being written") {
  Keeper keeper;
  KeeperLine line = keeper.line();
  line.open(waiter);
  keeper.say("421 bye\r\n");
  keeper.ends.clear();
  CHECK(line.channel().write("QUIT\r\n") == 0);
  CHECK(line.receive().bytes == "421 bye\r\n");
  CHECK(line.channel().ended());
  CHECK(line.channel().interest().fd == -1);
}

TEST_CASE("another channel is another connection, and there are as many as were made") {
  Keeper keeper(2);
  KeeperLine line = keeper.line();
  line.open(waiter);
  keeper.say("220 a\r\n");
  CHECK(line.receive().bytes == "220 a\r\n");
  line.open_another_channel(waiter);
  CHECK(keeper.hear().empty());
  keeper.say("220 b\r\n", 1);
  CHECK(line.receive().bytes == "220 b\r\n");
  CHECK_THROWS_AS(line.open_another_channel(waiter), base::Failure);
}

TEST_CASE("a keeper who takes nothing more is waited for") {
  Keeper keeper;
  KeeperLine line = keeper.line();
  line.open(waiter);
  const std::string piece(4096, 'x');
  std::size_t written = 0;
  while (const std::size_t count = line.channel().write(piece)) written += count;
  CHECK(written > 0);
  CHECK(line.channel().writable() == 0);
  CHECK((line.channel().interest().events & POLLOUT) != 0);
  std::string taken;
  while (taken.size() < written) taken += keeper.hear();
  line.channel().progress();
  CHECK(line.channel().write("y") == 1);
}

TEST_CASE("no more than the limit is held of what nobody takes") {
  Keeper keeper;
  KeeperLine line = keeper.line();
  line.open(waiter);
  const std::string piece(16 * 1024, 'x');
  std::size_t sent = 0;
  for (int i = 0; i < 64; ++i) {
    const ssize_t count = send(keeper.ends[0].get(), piece.data(), piece.size(), 0);
    if (count > 0) sent += static_cast<std::size_t>(count);
    line.channel().progress();
  }
  CHECK(sent > SocketStream::max_received);
  CHECK(line.channel().received().size() == SocketStream::max_received);
  CHECK((line.channel().interest().events & POLLIN) == 0);
}

TEST_CASE("the log names the keeper's socket, which has no port") {
  Keeper keeper;
  const KeeperLine line = keeper.line();
  CHECK(line.relay().destination == "friend");
  CHECK(line.relay().address == "/run/sshsm/friend.sock");
  CHECK(line.relay().port == 0);
  CHECK(line.phase() == "greeting");
}

}  // namespace sshsm::mailer
