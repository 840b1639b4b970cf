#include "smtp/server.h"

#include <doctest/doctest.h>

#include <string>

namespace sshsm::smtp {
namespace {

/// Somebody at the meeting socket behind EHLO, and a mail server there.
struct Talk {
  explicit Talk(const std::string& offered)
      : server({Protocol::smtp, 10, true, true}, {"here.example", "friend", "mx.friend.example"}) {
    hear("220 mx");
    (void)sent();
    hear("250-mx\r\n" + offered);
    say("EHLO client.example");
    (void)told();
  }

  void hear(const std::string& text) { server.receive(text + "\r\n"); }
  void say(const std::string& line) { take(line + "\r\n"); }
  void take(const std::string& bytes) { CHECK(server.feed(bytes) == bytes.size()); }
  std::string sent() {
    std::string text(server.to_server());
    server.sent_to_server(text.size());
    return text;
  }
  std::string told() {
    std::string text(server.to_caller());
    server.sent_to_caller(text.size());
    return text;
  }

  void begin_envelope() {
    say("MAIL FROM:<a@a.example>");
    say("RCPT TO:<b@b.example>");
    (void)sent();
  }
  void begin_message() {
    begin_envelope();
    hear("250 sender\r\n250 recipient");
    (void)told();
  }

  Server server;
};

const std::string chunking = "250-PIPELINING\r\n250 CHUNKING";
const std::string no_chunking = "250 PIPELINING";

std::string line_of(std::size_t size) {
  return std::string(size - 2, 'x') + "\r\n";
}

}  // namespace

TEST_CASE("no more of a chunk is read than is held before the envelope is answered") {
  Talk talk(chunking);
  talk.begin_envelope();
  const std::size_t size = std::size_t{4} * 1024 * 1024;
  talk.say("BDAT " + std::to_string(size) + " LAST");
  const std::string content = line_of(size);
  const std::size_t taken = talk.server.feed(content);
  CHECK(taken > Server::max_held);
  CHECK(taken <= Server::max_held + 128 * 1024);
  CHECK_FALSE(talk.server.wants_input());
  CHECK(talk.sent() == "");
  SUBCASE("it streams once the recipient is there") {
    talk.hear("250 sender\r\n250 recipient");
    CHECK(talk.server.wants_input());
    CHECK(talk.server.feed(content.substr(taken)) > 0);
    CHECK(talk.sent().starts_with("BDAT " + std::to_string(Peer::chunk_size) + "\r\n"));
  }
  SUBCASE("it is read and dropped where he is refused") {
    talk.hear("250 sender\r\n550 5.1.1 no such user");
    talk.take(content.substr(taken));
    CHECK(talk.sent() == "");
    CHECK(
        talk.told().ends_with("503 5.5.1 sshsm: friend (mx.friend.example): no recipient was "
                              "accepted\r\n"));
  }
}

TEST_CASE("a long message is begun before its last chunk, and RSET leads out of it") {
  Talk talk(chunking);
  talk.begin_message();
  talk.say("BDAT " + std::to_string(Server::max_held + 100));
  talk.take(line_of(Server::max_held + 100));
  CHECK(talk.told().starts_with("250 2.0.0 sshsm: friend (mx.friend.example): 1048676 octets"));
  CHECK(talk.sent().starts_with("BDAT 262144\r\n"));
  talk.say("RSET");
  CHECK(talk.told() == "");
  talk.hear("250 ok\r\n250 ok\r\n250 ok\r\n250 ok");
  CHECK(talk.sent() == "RSET\r\n");
  CHECK(talk.told() == "250 2.0.0 sshsm: friend (mx.friend.example): reset\r\n");
  CHECK(talk.server.may_hand_over());
}

TEST_CASE("out of DATA nothing leads but its dot: RSET leaves the channel there") {
  Talk talk(no_chunking);
  talk.begin_message();
  talk.say("BDAT " + std::to_string(Server::max_held + 100));
  talk.take(line_of(Server::max_held + 100));
  CHECK(talk.sent() == "DATA\r\n");
  talk.hear("354 go on");
  CHECK(talk.sent().size() == Server::max_held + 100);
  (void)talk.told();
  talk.say("RSET");
  CHECK(talk.told() == "250 2.0.0 sshsm: friend (mx.friend.example): reset\r\n");
  CHECK(talk.sent() == "");
  CHECK(talk.server.has_lost_channel());
  CHECK_FALSE(talk.server.may_hand_over());
  talk.say("MAIL FROM:<next@a.example>");
  CHECK(talk.server.wants_channel());
}

TEST_CASE("a message that is refused before its last chunk is told so with the next one") {
  Talk talk(chunking);
  talk.begin_message();
  talk.say("BDAT " + std::to_string(Server::max_held + 100));
  talk.take(line_of(Server::max_held + 100));
  (void)talk.told();
  (void)talk.sent();
  talk.hear("552 5.3.4 too big\r\n503 5.5.1 no\r\n503 5.5.1 no\r\n503 5.5.1 no");
  CHECK(talk.sent() == "RSET\r\n");
  CHECK(talk.told() == "");
  talk.say("BDAT 6");
  talk.say("QUIT");
  CHECK(talk.told() == "552 5.3.4 too big\r\n");
  talk.hear("250 reset");
  talk.say("BDAT 6 LAST");
  talk.say("QUIT");
  CHECK(talk.told() == "503 5.5.1 sshsm: friend (mx.friend.example): MAIL comes first\r\n");
  CHECK(talk.server.take_outcome()->fate == Fate::refused);
}

TEST_CASE("a message that may have to be said again is held until the first answer") {
  for (const bool is_hung_up_on : {true, false}) {
    Talk talk(chunking);
    talk.begin_message();
    talk.say("BDAT 0 LAST");
    (void)talk.sent();
    talk.hear("250 queued");
    (void)talk.told();
    Peer peer = talk.server.hand_over();
    talk.say("MAIL FROM:<a@a.example>");
    talk.server.take_over(std::move(peer));
    talk.say("RCPT TO:<b@b.example>");
    talk.say("BDAT 8 LAST");
    talk.say("Hello.");
    CHECK(talk.sent().ends_with("BDAT 8 LAST\r\nHello.\r\n"));
    CHECK(talk.server.is_in_doubt());
    if (is_hung_up_on) talk.hear("421 4.4.2 timeout");
    CHECK(talk.server.survives_end_of_channel() == is_hung_up_on);
    CHECK(talk.server.wants_channel() == is_hung_up_on);
  }
}

TEST_CASE("no message rides where it is not sure that the mail server is there") {
  for (const bool is_fresh : {true, false}) {
    Talk talk(chunking);
    Peer peer = talk.server.hand_over();
    talk.say("MAIL FROM:<a@a.example>");
    talk.server.take_over(std::move(peer), is_fresh);
    talk.say("RCPT TO:<b@b.example>");
    talk.say("BDAT 8 LAST");
    talk.say("Hello.");
    CHECK(talk.sent().ends_with("BDAT 8 LAST\r\nHello.\r\n") == is_fresh);
    CHECK(talk.server.is_in_doubt() == is_fresh);
    CHECK(talk.server.survives_end_of_channel() == !is_fresh);
  }
}

TEST_CASE("nobody is offered CHUNKING who was not to have it, nor may he use it") {
  for (const Protocol protocol : {Protocol::smtp, Protocol::lmtp}) {
    Server server({protocol, 10, true}, {"here.example", "friend", "mx.friend.example"});
    Capabilities offered;
    offered.chunking = true;
    server.greet(offered);
    const std::string hello = protocol == Protocol::smtp ? "EHLO c\r\n" : "LHLO c\r\n";
    CHECK(server.feed(hello) == hello.size());
    CHECK(server.to_caller().find("CHUNKING") == std::string_view::npos);
    CHECK(server.feed("BDAT 3 LAST\r\n") == 13);
    CHECK(server.to_caller().find("502 5.5.1") != std::string_view::npos);
  }
}

TEST_CASE("who is greeted by what is known asks for a channel with his first message") {
  Server server({Protocol::smtp, 10, true}, {"here.example", "friend", "mx.friend.example"});
  Capabilities offered;
  offered.size = true;
  offered.max_size = 1000;
  server.greet(offered);
  CHECK(server.to_caller().starts_with("220 here.example ESMTP"));
  CHECK(server.feed("EHLO c\r\n") == 8);
  CHECK(server.to_caller().ends_with("250 SIZE 1000\r\n"));
  CHECK_FALSE(server.wants_channel());
  CHECK(server.awaits_caller());
  CHECK(server.feed("MAIL FROM:<a@a.example>\r\n") == 25);
  CHECK(server.wants_channel());
}

}  // namespace sshsm::smtp
