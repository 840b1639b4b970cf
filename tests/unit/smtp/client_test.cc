#include "conversation.h"
#include "pieces.h"

#include <doctest/doctest.h>

namespace sshsm::smtp {
namespace {

using base::Cause;
using base::Failure;
using Need = Client::Need;

std::string reason_of(const std::vector<MessageOutcome>& outcomes) {
  if (outcomes.size() != 1) return std::to_string(outcomes.size()) + " outcomes";
  const auto& failure = outcomes[0].failure;
  return failure ? base::explain(*failure, {}, base::max_sentence)
                 : outcomes[0].recipients.at(0).reason;
}

Cause cause_of_abandoning(Conversation& conversation) {
  const auto outcomes = conversation.client.abandon(Failure(Cause::connection_lost));
  REQUIRE(outcomes.size() == 1);
  CHECK(outcomes[0].fate == Fate::deferred);
  return outcomes[0].failure.value().cause();
}

}  // namespace

TEST_CASE("a body is stuffed the same however the caller cuts it") {
  with_every_cut(".\r\n.a\r\n\r\n.\r\nb.\r\n", [](const auto& pieces) {
    Conversation talk({"PIPELINING"});
    talk.begin(std::nullopt);
    talk.hear("354 go on");
    for (const std::string_view piece : pieces) talk.client.add_body(piece);
    talk.client.end_body();
    CHECK(talk.send_all() == "..\r\n..a\r\n\r\n..\r\nb.\r\n.\r\n");
  });
}

TEST_CASE("a 250 to the final dot counts only behind the final dot") {
  Conversation talk({"PIPELINING"});
  talk.begin(std::nullopt);
  talk.hear("354 go on");
  talk.client.add_body("x\r\n");
  talk.client.end_body();
  CHECK(talk.send(5) == "x\r\n.\r");
  CHECK_THROWS_AS(talk.hear("250 queued"), Failure);
}

TEST_CASE("a refusal before the dot was sent decides, and the dot is never sent") {
  Conversation talk({"PIPELINING"});
  talk.begin(std::nullopt);
  talk.hear("354 go on");
  talk.client.add_body("x\r\n");
  talk.client.end_body();
  (void)talk.send(2);
  talk.hear("554 5.6.0 a virus");
  CHECK(talk.client.take_outcome()->fate == Fate::refused);
  CHECK(talk.client.output().empty());
}

TEST_CASE("a reply to a command that was not sent is out of place") {
  Conversation talk({"PIPELINING"});
  talk.client.begin({"<a@a>", {}, {{"<b@b>", {}}}}, std::nullopt);
  CHECK_THROWS_AS(talk.hear("250 sender"), Failure);
  CHECK(cause_of_abandoning(talk) == Cause::connection_lost);
}

TEST_CASE("an answer to EHLO that came before EHLO was sent is out of place") {
  Client client("client.example");
  CHECK_THROWS_AS(client.receive("220 mx\r\n250 mx\r\n"), Failure);
  CHECK(client.need() == Need::peer);
}

TEST_CASE("what was lost may have been delivered from the dot's first octet on, and not before") {
  for (const std::size_t sent : {std::size_t{0}, std::size_t{3}, std::size_t{4}, std::size_t{6}}) {
    CAPTURE(sent);
    Conversation talk({"PIPELINING"});
    talk.begin(std::nullopt);
    talk.hear("354 go on");
    talk.client.add_body("x\r\n");
    talk.client.end_body();
    (void)talk.send(sent);
    CHECK(talk.client.wait() == (sent < 6 ? Wait::block : Wait::dot));
    CHECK(cause_of_abandoning(talk) ==
          (sent < 4 ? Cause::connection_lost : Cause::maybe_delivered));
  }
}

TEST_CASE("what was lost behind the dot is told with the reason of the loss") {
  Conversation talk({"PIPELINING"});
  talk.begin(0);
  talk.hear("354 go on");
  talk.client.end_body();
  (void)talk.send_all();
  CHECK(reason_of(talk.client.abandon(Failure(Cause::answer_timed_out, "the final dot"))) ==
        "no clear answer to the final dot; the message may have been delivered: "
        "no answer in time: the final dot; the retry may make a second copy");
}

TEST_CASE("abandoning gives also what was decided and not taken, in the order of the messages") {
  Conversation talk({"PIPELINING"});
  talk.begin(0);
  talk.hear("354 go on");
  talk.client.end_body();
  (void)talk.send_all();
  talk.client.begin({"<a@a>", {}, {{"<c@c>", {}}}}, std::nullopt);
  talk.hear("250 queued");
  const auto outcomes = talk.client.abandon(Failure(Cause::stopped));
  REQUIRE(outcomes.size() == 2);
  CHECK(outcomes[0].fate == Fate::accepted);
  CHECK(outcomes[1].failure.value().cause() == Cause::stopped);
  CHECK(talk.client.abandon(Failure(Cause::stopped)).empty());
}

TEST_CASE("no more of a body is asked for while the peer does not take what there is") {
  Conversation talk({"PIPELINING"});
  talk.begin(std::nullopt);
  talk.hear("354 go on");
  talk.client.add_body(std::string(Client::max_unsent - 1, 'x'));
  CHECK(talk.client.need() == Need::body);
  CHECK(talk.client.wait() == Wait::block);
  talk.client.add_body("y");
  CHECK(talk.client.need() == Need::peer);
  (void)talk.send(1);
  CHECK(talk.client.need() == Need::body);
  (void)talk.send_all();
  CHECK(talk.client.wait() == Wait::nothing);
}

TEST_CASE("the observer hears every line, and bodies only by their size") {
  std::string heard;
  Conversation talk({"PIPELINING"}, [&](char direction, std::string_view line) {
    heard += direction + std::string(line) + "\n";
  });
  talk.begin(std::nullopt);
  talk.hear("354 go on");
  talk.client.add_body("secret\r\n");
  talk.client.end_body();
  (void)talk.send_all();
  talk.hear("250");
  CHECK(heard ==
        "<220 mx\n>EHLO client.example\n<250-mx\n<250-PIPELINING\n<250 DSN\n>MAIL FROM:<a@a>\n"
        ">RCPT TO:<b@b>\n>DATA\n<250 sender\n<250 recipient\n<354 go on\n>(8 octets)\n>.\n<250\n");
}

TEST_CASE("a machine can be moved in the middle of a conversation") {
  Conversation talk({"PIPELINING"});
  talk.begin(0);
  Client moved = std::move(talk.client);
  moved.receive("354 go on\r\n");
  CHECK(moved.need() == Need::body);
  moved.end_body();
  CHECK(moved.output() == ".\r\n");
}

TEST_CASE("the phase is that of the oldest message that is undecided") {
  Client client("client.example");
  CHECK(client.phase() == Phase::greeting);
  CHECK_FALSE(client.greeted());
  client.receive("220 mx\r\n");
  CHECK(client.phase() == Phase::hello);
  CHECK(client.greeted());
  Conversation talk({"PIPELINING"});
  CHECK(talk.client.capabilities().pipelining);
  CHECK(talk.client.phase() == Phase::envelope);
  talk.begin(std::nullopt);
  CHECK(talk.client.phase() == Phase::data);
  talk.hear("354 go on");
  talk.client.end_body();
  CHECK(talk.client.phase() == Phase::dot);
  (void)talk.send_all();
  talk.client.begin({"<a@a>", {}, {{"<c@c>", {}}}}, std::nullopt);
  CHECK(talk.client.phase() == Phase::dot);
  talk.hear("250 queued");
  CHECK(talk.client.phase() == Phase::envelope);
  CHECK(talk.client.replies_received() == 6);
}

TEST_CASE("a line that the peer did not end can be quoted") {
  Client client("client.example");
  client.receive("Password: ");
  CHECK(client.unfinished_line() == "Password: ");
}

TEST_CASE("a caller out of turn is our own fault") {
  const auto cause_of = [](auto&& call) {
    try {
      call();
    } catch (const Failure& failure) {
      return failure.cause();
    }
    return Cause::stopped;
  };
  const Envelope envelope{"<a@a>", {}, {{"<b@b>", {}}}};
  Client fresh("client.example");
  CHECK(cause_of([&] { fresh.begin(envelope, 0); }) == Cause::internal_error);
  CHECK(cause_of([&] { fresh.finish(); }) == Cause::internal_error);
  CHECK(cause_of([&] { fresh.add_body("x"); }) == Cause::internal_error);
  CHECK(cause_of([&] { fresh.end_body(); }) == Cause::internal_error);
  Conversation talk({"PIPELINING", "CHUNKING"});
  talk.begin(2);
  CHECK(cause_of([&] { talk.client.begin(envelope, 0); }) == Cause::internal_error);
  CHECK(cause_of([&] { talk.client.end_body(); }) == Cause::internal_error);
  CHECK(cause_of([&] { talk.client.add_body("xyz"); }) == Cause::internal_error);
}

}  // namespace sshsm::smtp
