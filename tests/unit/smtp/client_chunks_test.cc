#include "conversation.h"

#include <doctest/doctest.h>

namespace sshsm::smtp {
namespace {

using base::Cause;
using base::Failure;
using Need = Client::Need;

const std::string full_chunk(Client::chunk_size, 'x');
const std::string full_chunk_command = "BDAT " + std::to_string(Client::chunk_size) + "\r\n";

Cause cause_of_abandoning(Conversation& conversation) {
  const auto outcomes = conversation.client.abandon(Failure(Cause::connection_lost));
  REQUIRE(outcomes.size() == 1);
  CHECK(outcomes[0].fate == Fate::deferred);
  return outcomes[0].failure.value().cause();
}

}  // namespace

TEST_CASE("a streamed body goes in whole chunks, a few unanswered at a time") {
  Conversation talk({"PIPELINING", "CHUNKING"});
  talk.begin(std::nullopt);
  for (std::size_t i = 0; i < Client::max_chunks_unanswered; ++i) {
    REQUIRE(talk.client.need() == Need::body);
    talk.client.add_body(full_chunk);
    CHECK(talk.client.need() == Need::peer);
    CHECK(talk.client.wait() == Wait::block);
    CHECK(talk.send_all() == full_chunk_command + full_chunk);
    CHECK(talk.client.wait() == Wait::block);
  }
  REQUIRE(talk.client.need() == Need::body);
  talk.client.add_body(full_chunk);
  CHECK(talk.client.output().empty());
  CHECK(talk.client.need() == Need::peer);
  talk.hear("250 chunk");
  CHECK(talk.send_all() == full_chunk_command + full_chunk);
  talk.client.add_body("rest\r\n");
  talk.client.end_body();
  CHECK(talk.client.output().empty());
  CHECK(talk.client.need() == Need::peer);
  talk.hear("250 chunk");
  CHECK(talk.send_all() == "BDAT 6 LAST\r\nrest\r\n");
  CHECK(talk.client.need() == Need::peer);
  for (std::size_t i = 0; i + 1 < Client::max_chunks_unanswered; ++i) talk.hear("250 chunk");
  CHECK(talk.client.wait() == Wait::dot);
  CHECK(talk.client.need() == Need::message);
  CHECK_FALSE(talk.client.take_outcome().has_value());
  talk.hear("250 queued");
  CHECK(talk.client.take_outcome()->fate == Fate::accepted);
}

TEST_CASE("no chunk ends between a CR and its LF") {
  Conversation talk({"PIPELINING", "CHUNKING"});
  talk.begin(std::nullopt);
  const std::string text(Client::chunk_size - 1, 'x');
  talk.client.add_body(text + "\r");
  CHECK(talk.send_all() == "BDAT " + std::to_string(text.size()) + "\r\n" + text);
  talk.client.add_body("\n");
  talk.client.end_body();
  CHECK(talk.send_all() == "BDAT 2 LAST\r\n\r\n");
}

TEST_CASE("without PIPELINING each chunk is answered before the next") {
  Conversation talk({"CHUNKING"});
  talk.client.begin({"<a@a>", {}, {{"<b@b>", {}}}}, std::nullopt);
  (void)talk.send_all();
  talk.hear("250 sender");
  (void)talk.send_all();
  talk.hear("250 recipient");
  talk.client.add_body(full_chunk);
  CHECK(talk.send_all() == full_chunk_command + full_chunk);
  talk.client.add_body(full_chunk + "y");
  talk.client.end_body();
  CHECK(talk.client.output().empty());
  talk.hear("250 chunk");
  CHECK(talk.send_all() == full_chunk_command + full_chunk);
  talk.hear("250 chunk");
  CHECK(talk.send_all() == "BDAT 1 LAST\r\ny");
  CHECK(talk.client.need() == Need::peer);
  talk.hear("250 queued");
  CHECK(talk.client.take_outcome()->fate == Fate::accepted);
  CHECK(talk.client.need() == Need::message);
}

TEST_CASE("a body of whole chunks ends with a full last one") {
  Conversation talk({"PIPELINING", "CHUNKING"});
  talk.begin(std::nullopt);
  talk.client.add_body(full_chunk.substr(1));
  CHECK(talk.client.output().empty());
  talk.client.end_body();
  CHECK(talk.send_all().starts_with("BDAT 262143 LAST\r\n"));
}

TEST_CASE("a refused chunk decides: no other one is sent, and the rest of the body is dropped") {
  Conversation talk({"PIPELINING", "CHUNKING"});
  talk.begin(std::nullopt);
  talk.client.add_body(full_chunk);
  (void)talk.send_all();
  talk.client.add_body(full_chunk);
  (void)talk.send_all();
  talk.hear("552 5.3.4 too big");
  CHECK(talk.send_all() == "RSET\r\n");
  const std::optional<MessageOutcome> outcome = talk.client.take_outcome();
  REQUIRE(outcome.has_value());
  CHECK(outcome->fate == Fate::refused);
  CHECK(outcome->phase == Phase::data);
  CHECK(talk.client.need() == Need::peer);
  talk.client.add_body(full_chunk);
  talk.client.end_body();
  CHECK(talk.client.output().empty());
  talk.hear("503 5.5.1 refused before");
  talk.hear("250 forgotten");
  talk.client.finish();
  CHECK(talk.send_all() == "QUIT\r\n");
}

TEST_CASE("behind a deferred chunk, a 250 to another one changes nothing") {
  Conversation talk({"PIPELINING", "CHUNKING"});
  talk.begin(std::nullopt);
  talk.client.add_body(full_chunk);
  talk.client.add_body("y");
  talk.client.end_body();
  (void)talk.send_all();
  talk.hear("452 4.3.1 disk full");
  talk.hear("250 queued");
  CHECK(talk.client.take_outcome()->fate == Fate::deferred);
  CHECK(talk.send_all() == "RSET\r\n");
}

TEST_CASE("an announced chunk is completed though it was refused, then comes RSET") {
  Conversation talk({"PIPELINING", "CHUNKING"});
  talk.client.begin({"<a@a>", {}, {{"<b@b>", {}}}}, 8);
  talk.client.add_body("1234");
  CHECK(talk.send_all() == "MAIL FROM:<a@a>\r\nRCPT TO:<b@b>\r\nBDAT 8 LAST\r\n1234");
  talk.hear("250 sender");
  talk.hear("550 5.1.1 no such user");
  talk.hear("503 5.5.1 no recipient");
  CHECK(talk.client.need() == Need::body);
  CHECK_FALSE(talk.client.take_outcome().has_value());
  CHECK(talk.client.output().empty());
  talk.client.add_body("5678");
  CHECK(talk.send_all() == "5678RSET\r\n");
  CHECK(talk.client.take_outcome()->fate == Fate::refused);
  talk.client.end_body();
  talk.hear("250 forgotten");
  CHECK(talk.client.need() == Need::message);
}

TEST_CASE("an announced chunk may be accepted only when all its octets were sent") {
  Conversation talk({"PIPELINING", "CHUNKING"});
  talk.begin(8);
  talk.client.add_body("12345678");
  talk.client.end_body();
  (void)talk.send(7);
  CHECK_THROWS_AS(talk.hear("250 queued"), Failure);
  CHECK(cause_of_abandoning(talk) == Cause::connection_lost);
}

TEST_CASE("a last chunk may be answered before the caller says that it was all") {
  Conversation talk({"PIPELINING", "CHUNKING"});
  talk.begin(4);
  talk.client.add_body("1234");
  (void)talk.send_all();
  talk.hear("250 queued");
  CHECK(talk.client.take_outcome()->fate == Fate::accepted);
  CHECK(talk.client.output().empty());
  talk.client.end_body();
  CHECK(talk.client.need() == Need::message);
}

TEST_CASE("a last chunk may have been delivered when its last octet was sent") {
  for (const std::optional<std::size_t> size : {std::optional<std::size_t>(), {4}}) {
    for (const std::size_t left : {std::size_t{1}, std::size_t{0}}) {
      Conversation talk({"PIPELINING", "CHUNKING"});
      talk.client.begin({"<a@a>", {}, {{"<b@b>", {}}}}, size);
      talk.client.add_body("x\r\ny");
      talk.client.end_body();
      (void)talk.send(talk.client.output().size() - left);
      CHECK(cause_of_abandoning(talk) ==
            (left == 0 ? Cause::maybe_delivered : Cause::connection_lost));
    }
  }
}

}  // namespace sshsm::smtp
