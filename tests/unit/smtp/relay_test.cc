#include "smtp/relay.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace sshsm::smtp {
namespace {

using base::Cause;
using base::Failure;

/// A relay behind EHLO, with a hand on each octet that it moves.
struct Talk {
  explicit Talk(Relay::Caller caller = Relay::Caller::listens, Observer observer = {})
      : relay("friend", "mx.friend.example", caller, std::move(observer)) {
    hear("220 mx");
    CHECK(say("EHLO client.example"));
    (void)sent();
    hear("250-mx\r\n250 PIPELINING");
    (void)told();
  }

  void hear(const std::string& text) { relay.receive(text + "\r\n"); }

  /// Says a line; true when all of it was taken.
  [[nodiscard]] bool say(const std::string& line) { return take(line + "\r\n"); }
  [[nodiscard]] bool take(const std::string& bytes) { return relay.feed(bytes) == bytes.size(); }

  std::string sent() { return sent(relay.to_server().size()); }
  std::string sent(std::size_t count) {
    std::string text(relay.to_server().substr(0, count));
    relay.sent_to_server(count);
    return text;
  }
  std::string told() {
    std::string text(relay.to_caller());
    relay.sent_to_caller(text.size());
    return text;
  }

  /// Up to the go-ahead of a message for one recipient.
  void begin_message() {
    CHECK(say("MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\nDATA"));
    (void)sent();
    hear("250 sender\r\n250 recipient\r\n354 go on");
    (void)told();
  }

  Relay relay;
};

const std::string lost_line =
    "421 4.4.2 sshsm: friend (mx.friend.example): the connection was lost; the mail waits in the "
    "queue\r\n";
const std::string closing = "221 2.0.0 sshsm: friend (mx.friend.example): closing\r\n";

}  // namespace

TEST_CASE("as many commands as allowed are on the way without an answer, and not one more") {
  Talk talk;
  for (std::size_t i = 0; i < Relay::max_unanswered; ++i) CHECK(talk.say("RSET"));
  CHECK_FALSE(talk.relay.wants_input());
  CHECK(talk.relay.feed("RSET\r\n") == 0);
  (void)talk.sent();
  CHECK_FALSE(talk.relay.wants_input());
  talk.hear("250 ok");
  CHECK(talk.say("RSET"));
  CHECK_FALSE(talk.relay.wants_input());
}

TEST_CASE("our own answers that wait for their turn count among them") {
  Talk talk;
  CHECK(talk.say("RSET"));
  for (std::size_t i = 1; i < Relay::max_unanswered; ++i) CHECK(talk.say("STARTTLS"));
  CHECK_FALSE(talk.relay.wants_input());
  (void)talk.sent();
  talk.hear("250 ok");
  CHECK(talk.relay.wants_input());
  CHECK(talk.relay.wait() == Wait::nothing);
}

TEST_CASE("with as much unsent as allowed no more of a message is taken") {
  Talk talk;
  talk.begin_message();
  CHECK(talk.take(std::string(Relay::max_unsent - 1, 'x')));
  CHECK(talk.relay.wants_input());
  CHECK(talk.take("x"));
  CHECK(talk.relay.to_server().size() == Relay::max_unsent);
  CHECK_FALSE(talk.relay.wants_input());
  CHECK(talk.relay.feed("x") == 0);
  (void)talk.sent(1);
  CHECK(talk.relay.wants_input());
}

TEST_CASE("what is unsent is bounded however much is fed at once, and whatever it becomes") {
  Talk talk;
  talk.begin_message();
  const std::string flood(std::size_t{4} * 1024 * 1024, '\n');
  const std::size_t taken = talk.relay.feed("x" + flood);
  CHECK(taken < flood.size() / 4);
  CHECK(talk.relay.to_server().size() >= Relay::max_unsent);
  CHECK(talk.relay.to_server().size() <= Relay::max_unsent + 2 * 64 * 1024);
}

TEST_CASE("with as much untold as allowed no more commands are taken") {
  Talk talk;
  const std::string reply = "250 " + std::string(1018, 'x');
  for (std::size_t told = 0; told < Relay::max_untold; told += 1024) {
    CHECK(talk.relay.wants_input());
    CHECK(talk.say("NOOP"));
    (void)talk.sent();
    talk.hear(reply);
  }
  CHECK(talk.relay.to_caller().size() == Relay::max_untold);
  CHECK_FALSE(talk.relay.wants_input());
  CHECK(talk.relay.feed("NOOP\r\n") == 0);
  talk.relay.sent_to_caller(1);
  CHECK(talk.relay.wants_input());
}

TEST_CASE("a mail server may say as much ahead of the caller as allowed, and not one reply more") {
  Talk talk;
  for (std::size_t i = 0; i < Relay::max_unanswered; ++i) CHECK(talk.say("RSET"));
  (void)talk.sent();
  const std::string line = "250-" + std::string(1020, 'x') + "\r\n";
  std::string reply;
  for (std::size_t i = 0; i < 63; ++i) reply += line;
  reply += "250 " + std::string(1020, 'x') + "\r\n";
  const std::size_t allowed = Relay::max_flood / reply.size();
  REQUIRE(allowed < Relay::max_unanswered);
  for (std::size_t i = 0; i < allowed; ++i) talk.relay.receive(reply);
  CHECK(talk.relay.to_caller().size() <= Relay::max_flood);
  CHECK_THROWS_AS(talk.relay.receive(reply), Failure);
}

TEST_CASE("the input's end inside a transaction or a command cuts the session short") {
  Talk idle;
  idle.relay.end_of_input();
  CHECK(idle.relay.is_over());
  CHECK_FALSE(idle.relay.is_cut_short());

  Talk in_command;
  CHECK(in_command.take("NOO"));
  in_command.relay.end_of_input();
  CHECK(in_command.relay.is_cut_short());

  Talk in_transaction;
  CHECK(in_transaction.say("MAIL FROM:<a@a.example>"));
  (void)in_transaction.sent();
  in_transaction.relay.end_of_input();
  CHECK_FALSE(in_transaction.relay.is_over());
  in_transaction.hear("250 sender");
  CHECK(in_transaction.relay.is_cut_short());

  Talk in_message;
  in_message.begin_message();
  in_message.relay.end_of_input();
  CHECK(in_message.relay.is_cut_short());
  CHECK_FALSE(in_message.relay.is_success());
}

TEST_CASE("a lost line is remembered with its reason and its place") {
  Talk talk;
  talk.begin_message();
  CHECK_FALSE(talk.relay.loss().has_value());
  talk.relay.lose(Failure(Cause::connection_lost));
  REQUIRE(talk.relay.loss().has_value());
  CHECK(talk.relay.loss()->cause() == Cause::connection_lost);
  CHECK(talk.relay.phase() == Phase::data);
}

TEST_CASE("a caller who does not read can write all he has once the line is lost") {
  Talk talk;
  talk.relay.lose(Failure(Cause::connection_lost));
  for (std::size_t i = 0; i < 10000; ++i) CHECK(talk.say("Subject: the text of a message"));
  CHECK(talk.relay.to_caller().size() >= Relay::max_untold);
  CHECK(talk.relay.to_caller().size() < Relay::max_untold + lost_line.size());
  CHECK(talk.say("QUIT"));
  CHECK(talk.relay.is_over());
  CHECK(talk.told().ends_with(lost_line + closing));
}

TEST_CASE(
    "of so many recipients the outcome is told, and those beyond are passed on all the same") {
  Talk talk;
  CHECK(talk.say("MAIL FROM:<a@a.example>"));
  (void)talk.sent();
  talk.hear("250 sender");
  for (std::size_t i = 0; i <= Relay::max_recorded; ++i) {
    const std::string line = "RCPT TO:<r" + std::to_string(i) + "@b.example>";
    CHECK(talk.say(line));
    CHECK(talk.sent() == line + "\r\n");
    talk.hear("250 recipient");
    (void)talk.told();
  }
  CHECK(talk.say("DATA"));
  (void)talk.sent();
  talk.hear("354 go on");
  CHECK(talk.say("."));
  (void)talk.sent();
  talk.hear("250 queued");
  const std::optional<MessageOutcome> outcome = talk.relay.take_outcome();
  REQUIRE(outcome.has_value());
  CHECK(outcome->recipients.size() == Relay::max_recorded);
  CHECK(outcome->recipients.back().path == "<r999@b.example>");
}

TEST_CASE("a command line as long as allowed is passed, and one octet more is refused by us") {
  Talk talk;
  const std::string longest = "NOOP " + std::string(CommandReader::max_line - 5, 'x');
  CHECK(talk.say(longest));
  CHECK(talk.sent() == longest + "\r\n");
  talk.hear("250 ok");
  CHECK(talk.told() == "250 ok\r\n");
  CHECK(talk.say("RSET"));
  CHECK(talk.say(longest + "x"));
  CHECK(talk.sent() == "RSET\r\n");
  CHECK(talk.told() == "");
  talk.hear("250 forgotten");
  CHECK(talk.told() ==
        "250 forgotten\r\n"
        "451 4.5.2 sshsm: friend (mx.friend.example): this command line is too long\r\n");
}

TEST_CASE("for a caller who may not listen a command line that is too long is no success") {
  for (const auto caller : {Relay::Caller::listens, Relay::Caller::may_not_listen}) {
    Talk talk(caller);
    CHECK(talk.say(std::string(CommandReader::max_line + 1, 'x')));
    CHECK(talk.say("QUIT"));
    (void)talk.sent();
    talk.hear("221 bye");
    CHECK(talk.relay.is_success() == (caller == Relay::Caller::listens));
  }
}

TEST_CASE(
    "for a caller who may not listen the end behind EHLO is no success, for a batch ends so") {
  for (const auto caller : {Relay::Caller::listens, Relay::Caller::may_not_listen}) {
    Talk talk(caller);
    CHECK(talk.say("EHLO here"));
    (void)talk.sent();
    talk.hear("250 hello");
    talk.relay.end_of_input();
    CHECK(talk.relay.is_over());
    CHECK(talk.relay.is_success() == (caller == Relay::Caller::listens));
  }
}

TEST_CASE("a command line without end takes no room, and is told as what it is in the end") {
  Talk talk;
  for (int i = 0; i < 1000; ++i) CHECK(talk.take(std::string(10000, 'x')));
  CHECK(talk.relay.to_server().empty());
  CHECK(talk.take("\r\n"));
  CHECK(talk.told() ==
        "451 4.5.2 sshsm: friend (mx.friend.example): this command line is too long\r\n");
}

TEST_CASE("from the first octet of the dot to its answer a message is in doubt") {
  const std::string maybe =
      "421 4.4.2 sshsm: friend (mx.friend.example): no clear answer to the final dot; the message "
      "may have been delivered: the connection was lost; the retry may make a second copy\r\n";
  const std::string end = "x\r\n.\r\n";
  for (std::size_t count = 0; count <= end.size(); ++count) {
    CAPTURE(count);
    Talk talk;
    talk.begin_message();
    CHECK(talk.take(end));
    CHECK(talk.sent(count) == end.substr(0, count));
    const bool is_in_doubt = count > 3;
    CHECK(talk.relay.is_in_doubt() == is_in_doubt);
    CHECK(talk.relay.wait() == (count < end.size() ? Wait::block : Wait::dot));
    CHECK(talk.relay.phase() == Phase::dot);
    talk.relay.lose(Failure(Cause::connection_lost));
    CHECK(talk.told() == (is_in_doubt ? maybe : lost_line));
    CHECK(talk.relay.to_server().empty());
    CHECK(talk.relay.wait() == Wait::nothing);
    CHECK_FALSE(talk.relay.is_in_doubt());
    CHECK(talk.relay.take_outcome()->failure.value().cause() ==
          (is_in_doubt ? Cause::maybe_delivered : Cause::connection_lost));
  }
}

TEST_CASE("no message is in doubt for what was said before it") {
  Talk talk;
  CHECK_FALSE(talk.relay.is_in_doubt());
  CHECK(talk.say("MAIL FROM:<a@a.example>"));
  (void)talk.sent();
  CHECK_FALSE(talk.relay.is_in_doubt());
  talk.hear("250 sender");
  CHECK(talk.say("DATA"));
  (void)talk.sent();
  CHECK_FALSE(talk.relay.is_in_doubt());
  talk.hear("354 go on");
  CHECK_FALSE(talk.relay.is_in_doubt());
}

TEST_CASE("what is sent of a command is no body: its answer has the time of an answer") {
  Talk talk;
  CHECK(talk.say("MAIL FROM:<a@a.example>"));
  CHECK(talk.relay.wait() == Wait::reply);
  (void)talk.sent(3);
  CHECK(talk.relay.wait() == Wait::reply);
}

TEST_CASE("each reply is counted once, with all its lines") {
  Talk talk;
  CHECK(talk.relay.replies_received() == 2);
  CHECK(talk.say("NOOP"));
  (void)talk.sent();
  talk.relay.receive("250-one\r\n250-two\r\n");
  CHECK(talk.relay.replies_received() == 2);
  CHECK(talk.told() == "");
  talk.relay.receive("250 three\r\n");
  CHECK(talk.relay.replies_received() == 3);
  CHECK(talk.told() == "250-one\r\n250-two\r\n250 three\r\n");
}

TEST_CASE("a lost line is told between two replies, never inside one") {
  Talk talk;
  CHECK(talk.say("NOOP"));
  (void)talk.sent();
  talk.relay.receive("250-one\r\n250-t");
  talk.relay.lose(Failure(Cause::connection_lost));
  CHECK(talk.told() == lost_line);
}

TEST_CASE("what stands where the greeting should can be shown before its line ends") {
  Relay relay("friend", "mx.friend.example", Relay::Caller::listens);
  CHECK_FALSE(relay.is_greeted());
  relay.receive("Enter passphrase: ");
  CHECK(relay.unfinished_line() == "Enter passphrase: ");
  CHECK_FALSE(relay.is_greeted());
  CHECK(relay.wait() == Wait::greeting);
  CHECK(relay.phase() == Phase::greeting);
}

TEST_CASE("nothing is taken before the greeting") {
  Relay relay("friend", "mx.friend.example", Relay::Caller::listens);
  CHECK_FALSE(relay.wants_input());
  CHECK(relay.feed("EHLO client.example\r\n") == 0);
  CHECK(relay.to_server().empty());
  relay.receive("220 mx\r\n");
  CHECK(relay.is_greeted());
  CHECK(relay.wants_input());
}

TEST_CASE("the log sees what the mail server was told and what he said, and no message") {
  std::vector<std::string> seen;
  Talk talk(Relay::Caller::listens, [&](char direction, std::string_view line) {
    seen.push_back(direction + std::string(line));
  });
  CHECK(talk.say("STARTTLS"));
  talk.begin_message();
  CHECK(talk.say("..secret"));
  CHECK(talk.say("."));
  (void)talk.sent();
  talk.hear("250-queued\r\n250 as 1");
  CHECK(talk.say("QUIT"));
  (void)talk.sent();
  talk.relay.lose(Failure(Cause::connection_lost));
  CHECK(seen == std::vector<std::string>{"<220 mx", ">EHLO client.example", "<250-mx",
                                         "<250 PIPELINING", ">MAIL FROM:<a@a.example>",
                                         ">RCPT TO:<b@b.example>", ">DATA", "<250 sender",
                                         "<250 recipient", "<354 go on", ">(9 octets)", ">.",
                                         "<250-queued", "<250 as 1", ">QUIT"});
}

TEST_CASE("the octets of each message are counted from nought") {
  std::vector<std::string> seen;
  Talk talk(Relay::Caller::listens, [&](char, std::string_view line) {
    if (line.starts_with("(")) seen.emplace_back(line);
  });
  for (const std::string text : {"12345", "1"}) {
    talk.begin_message();
    CHECK(talk.say(text));
    CHECK(talk.say("."));
    (void)talk.sent();
    talk.hear("250 queued");
  }
  CHECK(seen == std::vector<std::string>{"(7 octets)", "(3 octets)"});
}

TEST_CASE("a recipient who is refused is named as he was written where he is no path") {
  Talk talk;
  CHECK(talk.say("RCPT b@b.example"));
  (void)talk.sent();
  talk.hear("501 5.5.4 what?");
  CHECK(talk.relay.take_outcome()->recipients.at(0).path == "RCPT b@b.example");
}

TEST_CASE("no line of ours is longer than a reply may be, whatever it quotes") {
  const std::string long_text(2000, 'x');
  Relay relay(std::string(64, 'd'), std::string(255, 'h'), Relay::Caller::may_not_listen);
  relay.receive("220 mx\r\n");
  (void)relay.feed("MAIL FROM:<a@a.example>\r\n");
  relay.sent_to_server(relay.to_server().size());
  relay.sent_to_caller(relay.to_caller().size());
  relay.receive("530 5.7.0 " + long_text + "\r\n");
  CHECK(relay.to_caller().size() > 400);
  CHECK(relay.to_caller().size() <= 512);
  relay.sent_to_caller(relay.to_caller().size());
  relay.lose(Failure(Cause::connection_lost, long_text, long_text));
  CHECK(relay.to_caller().size() > 400);
  CHECK(relay.to_caller().size() <= 512);
}

}  // namespace sshsm::smtp
