#include "smtp/server.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace sshsm::smtp {
namespace {

using base::Cause;
using base::Failure;

/// An LMTP server behind LHLO, with a hand on each octet that it moves.
struct Talk {
  explicit Talk(const std::string& offered = "250 PIPELINING", Observer observer = {})
      : lmtp({Protocol::lmtp, 10}, {"here.example", "friend", "mx.friend.example"},
             std::move(observer)) {
    hear("220 mx");
    (void)sent();
    hear("250-mx\r\n" + offered);
    CHECK(say("LHLO client.example"));
    (void)told();
  }

  void hear(const std::string& text) { lmtp.receive(text + "\r\n"); }

  /// Says a line; true when all of it was taken.
  [[nodiscard]] bool say(const std::string& line) { return take(line + "\r\n"); }
  [[nodiscard]] bool take(const std::string& bytes) { return lmtp.feed(bytes) == bytes.size(); }

  std::string sent() { return sent(lmtp.to_server().size()); }
  std::string sent(std::size_t count) {
    std::string text(lmtp.to_server().substr(0, count));
    lmtp.sent_to_server(count);
    return text;
  }
  std::string told() {
    std::string text(lmtp.to_caller());
    lmtp.sent_to_caller(text.size());
    return text;
  }

  void begin_envelope() {
    CHECK(say("MAIL FROM:<a@a.example>"));
    (void)sent();
    hear("250 sender");
    (void)told();
  }

  /// Up to the go-ahead of a message for one recipient.
  void begin_message() {
    begin_envelope();
    CHECK(say("RCPT TO:<b@b.example>"));
    (void)sent();
    hear("250 recipient");
    CHECK(say("DATA"));
    (void)told();
  }

  Server lmtp;
};

const std::string crlf = "\r\n";

std::string line_of(std::size_t size) {
  return std::string(size - 2, 'x') + crlf;
}

}  // namespace

TEST_CASE("as many recipients as allowed are asked for, and one more is answered 452") {
  Talk talk;
  talk.begin_envelope();
  for (std::size_t i = 0; i < Server::max_recipients; ++i) {
    CHECK(talk.say("RCPT TO:<b@b.example>"));
    CHECK(talk.sent() == "RCPT TO:<b@b.example>\r\n");
    talk.hear("250 recipient");
  }
  (void)talk.told();
  CHECK(talk.say("RCPT TO:<one.more@b.example>"));
  CHECK(talk.sent() == "");
  CHECK(talk.told() == "452 4.5.3 sshsm: friend (mx.friend.example): too many recipients\r\n");
}

TEST_CASE("as many commands as allowed are on the way without an answer, and not one more") {
  Talk talk;
  talk.begin_envelope();
  for (std::size_t i = 0; i < Peer::max_unanswered; ++i) CHECK(talk.say("RCPT TO:<b@b.example>"));
  (void)talk.sent();
  CHECK(talk.say("RCPT TO:<one.more@b.example>"));
  CHECK(talk.sent() == "");
  CHECK_FALSE(talk.lmtp.wants_input());
  talk.hear("250 recipient");
  CHECK(talk.sent() == "RCPT TO:<one.more@b.example>\r\n");
}

TEST_CASE("a message of as much as is held is read to its dot first, a longer one streams") {
  Talk talk;
  talk.begin_message();
  CHECK(talk.take(line_of(Server::max_held)));
  CHECK(talk.sent() == "");
  CHECK(talk.lmtp.wants_input());
  SUBCASE("its dot comes") {
    CHECK(talk.say("."));
    CHECK(talk.sent() == "DATA\r\n");
    talk.hear("354 go on");
    CHECK((talk.sent() == line_of(Server::max_held) + ".\r\n"));
  }
  SUBCASE("another octet comes") {
    CHECK(talk.take("y"));
    CHECK(talk.sent() == "DATA\r\n");
    CHECK_FALSE(talk.lmtp.wants_input());
    talk.hear("354 go on");
    CHECK((talk.sent() == line_of(Server::max_held) + "y"));
    CHECK(talk.lmtp.wants_input());
  }
}

TEST_CASE("what is held of a message stays bounded however much is fed at once") {
  Talk talk;
  talk.begin_message();
  const std::string flood(std::size_t{8} * 1024 * 1024, '\n');
  const std::size_t taken = talk.lmtp.feed("x" + flood);
  CHECK(taken < Server::max_held + 2 * 64 * 1024);
  CHECK(talk.sent() == "DATA\r\n");
  talk.hear("354 go on");
  CHECK(talk.lmtp.to_server().size() < Server::max_held + 2 * 64 * 1024);
}

TEST_CASE("a longer message goes in chunks, no more of them unanswered than allowed") {
  Talk talk("250-PIPELINING\r\n250 CHUNKING");
  talk.begin_message();
  CHECK(talk.take(line_of(Server::max_held)));
  CHECK(talk.sent() == "");
  const std::string more = line_of(Peer::chunk_size);
  CHECK(talk.lmtp.feed(more) > 0);
  const std::string chunk = "BDAT " + std::to_string(Peer::chunk_size) + crlf;
  const std::string sent = talk.sent();
  CHECK(sent.size() == 4 * (chunk.size() + Peer::chunk_size));
  CHECK(sent.starts_with(chunk));
  CHECK(talk.lmtp.wait() == Wait::block);
  talk.hear("250 ok\r\n250 ok\r\n250 ok\r\n250 ok");
  CHECK(talk.lmtp.wait() == Wait::nothing);
}

TEST_CASE("a message that is cut off never has its end sent") {
  for (const std::string offered : {"250 PIPELINING", "250-PIPELINING\r\n250 CHUNKING"}) {
    Talk talk(offered);
    talk.begin_message();
    CHECK(talk.take(line_of(Server::max_held)));
    CHECK(talk.take(line_of(100)));
    (void)talk.sent();
    talk.lmtp.end_of_input();
    CHECK(talk.lmtp.is_over());
    CHECK(talk.lmtp.is_cut_short());
    CHECK_FALSE(talk.lmtp.is_success());
    CHECK(talk.sent() == "");
  }
}

TEST_CASE("behind a refused chunk the rest of a message is dropped, and its answers with it") {
  Talk talk("250-PIPELINING\r\n250 CHUNKING");
  talk.begin_message();
  CHECK(talk.take(line_of(Server::max_held)));
  CHECK(talk.take("y"));
  (void)talk.sent();
  talk.hear("552 5.3.4 too big");
  CHECK(talk.sent() == "RSET\r\n");
  CHECK(talk.told() == "");
  talk.hear("503 5.5.1 broken\r\n503 5.5.1 broken\r\n503 5.5.1 broken\r\n250 reset");
  CHECK(talk.take(line_of(Server::max_held)));
  CHECK(talk.say("."));
  CHECK(talk.sent() == "");
  CHECK(talk.told() == "552 5.3.4 too big\r\n");
  CHECK(talk.say("MAIL FROM:<next@a.example>"));
  CHECK(talk.sent() == "MAIL FROM:<next@a.example>\r\n");
}

TEST_CASE("a chunk may be refused before it has left whole, but not accepted") {
  for (const std::string reply : {"552 5.3.4 too big", "250 2.0.0 ok"}) {
    Talk talk("250 CHUNKING");
    talk.begin_message();
    CHECK(talk.say("Hello."));
    CHECK(talk.say("."));
    CHECK(talk.sent(15) == "BDAT 8 LAST\r\nHe");
    CHECK_FALSE(talk.lmtp.is_in_doubt());
    if (reply.starts_with("250"))
      CHECK_THROWS_AS(talk.hear(reply), Failure);
    else
      talk.hear(reply);
    if (reply.starts_with("552")) CHECK(talk.told() == "552 5.3.4 too big\r\n");
  }
}

TEST_CASE("with as much untold as allowed no more commands are taken") {
  Talk talk;
  while (talk.lmtp.to_caller().size() < Server::max_untold) {
    CHECK(talk.lmtp.wants_input());
    CHECK(talk.say("NOOP"));
  }
  CHECK_FALSE(talk.lmtp.wants_input());
  CHECK(talk.lmtp.feed("NOOP\r\n") == 0);
  (void)talk.told();
  CHECK(talk.say("NOOP"));
}

TEST_CASE("once the line is lost all is taken, and what is untold stays bounded") {
  Talk talk;
  talk.lmtp.lose(Failure(Cause::connection_lost));
  for (std::size_t i = 0; i < 10000; ++i) CHECK(talk.say("NOOP"));
  CHECK(talk.lmtp.to_caller().size() < Server::max_untold + 1024);
  CHECK(talk.say("QUIT"));
  CHECK(talk.told().ends_with("221 2.0.0 sshsm: friend (mx.friend.example): closing\r\n"));
  CHECK(talk.lmtp.is_over());
  CHECK_FALSE(talk.lmtp.is_success());
}

TEST_CASE("a command line longer than allowed is answered 451 and reaches nobody") {
  Talk talk;
  talk.begin_envelope();
  const std::string start = "RCPT TO:<";
  const std::string end = "@b.example>";
  const std::string name(CommandReader::max_line - start.size() - end.size(), 'b');
  CHECK(talk.say(start + name + end));
  CHECK((talk.sent() == start + name + end + crlf));
  talk.hear("250 recipient");
  (void)talk.told();
  CHECK(talk.say(start + "b" + name + end));
  CHECK(talk.sent() == "");
  CHECK(talk.told() ==
        "451 4.5.2 sshsm: friend (mx.friend.example): this command line is too long\r\n");
}

TEST_CASE("an observer is told of the conversation with the mail server, and of no content") {
  std::vector<std::string> lines;
  Talk talk("250 PIPELINING", [&](char direction, std::string_view line) {
    lines.push_back(direction + (" " + std::string(line)));
  });
  talk.begin_message();
  CHECK(talk.say("Hello."));
  CHECK(talk.say("."));
  (void)talk.sent();
  talk.hear("354 go on");
  (void)talk.sent();
  talk.hear("250 queued");
  const std::vector<std::string> wanted{"< 220 mx",
                                        "> EHLO here.example",
                                        "< 250-mx",
                                        "< 250 PIPELINING",
                                        "> MAIL FROM:<a@a.example>",
                                        "< 250 sender",
                                        "> RCPT TO:<b@b.example>",
                                        "< 250 recipient",
                                        "> DATA",
                                        "< 354 go on",
                                        "> (8 octets)",
                                        "> .",
                                        "< 250 queued"};
  CHECK(lines == wanted);
}

TEST_CASE("a mail server is handed from one session to the next, who greets at once") {
  Talk first;
  first.begin_message();
  CHECK(first.say("."));
  (void)first.sent();
  first.hear("354 go on");
  (void)first.sent();
  CHECK_FALSE(first.lmtp.may_hand_over());
  first.hear("250 queued");
  CHECK(first.lmtp.may_hand_over());

  Server second({Protocol::smtp, 10, true}, {"here.example", "friend", "mx.friend.example"});
  second.take_over(first.lmtp.hand_over());
  CHECK_FALSE(first.lmtp.may_hand_over());
  CHECK(second.to_server().empty());
  CHECK(second.to_caller() ==
        "220 here.example ESMTP sshsm: friend (mx.friend.example): ready\r\n");
  const std::string words = "EHLO client.example\r\nMAIL FROM:<a@a.example>\r\n";
  CHECK(second.feed(words) == words.size());
  CHECK(second.to_server() == "MAIL FROM:<a@a.example>\r\n");
}

TEST_CASE("who hands over says no QUIT, and RSET where an envelope is known") {
  Server server({Protocol::smtp, 10, true}, {"here.example", "friend", "mx.friend.example"});
  const auto flush = [&] { server.sent_to_server(server.to_server().size()); };
  flush();
  server.receive("220 mx\r\n");
  flush();
  server.receive("250 mx\r\n");
  CHECK(server.feed("EHLO c\r\nMAIL FROM:<a@a.example>\r\n") == 33);
  flush();
  CHECK_FALSE(server.may_hand_over());
  server.receive("250 sender\r\n");
  CHECK(server.feed("QUIT\r\n") == 6);
  CHECK(server.is_over());
  CHECK(server.to_server().empty());
  CHECK(server.may_hand_over());
  Peer peer = server.hand_over();
  CHECK(peer.output() == "RSET\r\n");
  CHECK_FALSE(peer.is_idle());
  peer.sent(6);
  std::string_view answer = "250 reset\r\n";
  CHECK_FALSE(peer.receive(answer).has_value());
  CHECK(peer.is_idle());
}

TEST_CASE("one who lends takes each message from another hand, and offers the same in between") {
  const auto make_peer = [] {
    Peer peer("here.example", {});
    std::string_view words = "220 mx\r\n";
    peer.sent(peer.output().size());
    CHECK_FALSE(peer.receive(words).has_value());
    peer.sent(peer.output().size());
    words = "250-mx\r\n250-PIPELINING\r\n250 SIZE 1000\r\n";
    CHECK_FALSE(peer.receive(words).has_value());
    CHECK(peer.is_idle());
    return peer;
  };
  Server server({Protocol::smtp, 10, true}, {"here.example", "friend", "mx.friend.example"});
  const auto told = [&] {
    std::string text(server.to_caller());
    server.sent_to_caller(text.size());
    return text;
  };
  const auto flush = [&] { server.sent_to_server(server.to_server().size()); };
  CHECK_FALSE(server.is_through_with_channel());
  server.take_over(make_peer());
  CHECK(server.is_through_with_channel());
  static_cast<void>(server.hand_over());
  CHECK(server.has_lost_channel());
  static_cast<void>(told());
  CHECK(server.feed("EHLO c\r\n") == 8);
  CHECK(told() ==
        "250-here.example\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n"
        "250 SIZE 1000\r\n");
  CHECK_FALSE(server.wants_channel());

  CHECK(server.feed("MAIL FROM:<a@a.example>\r\n") == 25);
  CHECK(server.wants_channel());
  CHECK(told().empty());
  server.take_over(make_peer());
  CHECK_FALSE(server.is_through_with_channel());
  CHECK(server.to_server() == "MAIL FROM:<a@a.example>\r\n");
  flush();
  server.receive("250 sender\r\n");
  CHECK(server.feed("RSET\r\n") == 6);
  CHECK(server.to_server() == "RSET\r\n");

  // The next message is not begun on what is still in hand, even where it was said in one breath.
  CHECK(server.feed("MAIL FROM:<b@b.example>\r\n") == 25);
  flush();
  server.receive("250 reset\r\n");
  CHECK(server.to_server().empty());
  CHECK(server.wants_channel());
  CHECK(server.is_through_with_channel());
  static_cast<void>(server.hand_over());
  server.take_over(make_peer());
  CHECK(server.to_server() == "MAIL FROM:<b@b.example>\r\n");
}

}  // namespace sshsm::smtp
