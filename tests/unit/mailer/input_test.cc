#include "mailer/input.h"

#include "base/descriptor.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

using namespace sshsm::mailer;
using sshsm::base::Cause;
using sshsm::base::Descriptor;

namespace {

/// A pipe with an Input at its end, small enough pieces for the pipe's own buffer.
class Fed {
 public:
  Fed() {
    std::array<int, 2> pair{};
    REQUIRE(pipe2(pair.data(), O_CLOEXEC) == 0);
    reader_.reset(pair[0]);
    writer_.reset(pair[1]);
    input.emplace(Source{reader_.get()});
  }

  void feed(std::string_view bytes) {
    REQUIRE(write(writer_.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    input->read();
  }
  void end() {
    writer_.reset();
    input->read();
  }

  std::optional<Input> input;

 private:
  Descriptor reader_;
  Descriptor writer_;
};

constexpr std::string_view head = "MAIL FROM:<a@b>\nRCPT TO:<c@d>\nDATA\n";

}  // namespace

TEST_CASE("a message may be sent when its final dot was read, and not before") {
  Fed fed;
  fed.feed(head);
  CHECK_FALSE(fed.input->has_message());
  fed.feed("text\n");
  CHECK_FALSE(fed.input->has_message());
  fed.feed(".\n");
  REQUIRE(fed.input->has_message());
  CHECK(fed.input->message().is_whole);
  CHECK(fed.input->message().body == "text\r\n");
  CHECK(fed.input->message().envelope.recipients.at(0).path == "<c@d>");
}

TEST_CASE(
    "a message beyond the limit is passed on as it comes, and read no further than it is sent") {
  Fed fed;
  fed.feed(head);
  const std::string piece = std::string(32767, 'x') + "\n";
  for (int i = 0; i < 31; ++i) fed.feed(piece);
  CHECK_FALSE(fed.input->has_message());
  fed.feed(piece);
  REQUIRE(fed.input->has_message());
  CHECK_FALSE(fed.input->message().is_whole);
  CHECK(fed.input->message().body.size() >= Input::max_held);
  CHECK_FALSE(fed.input->wants_to_read());
  fed.input->message().is_passed_on = true;
  fed.input->message().body.clear();
  CHECK(fed.input->wants_to_read());
}

TEST_CASE("a batch that ends inside a message never gives that message") {
  Fed fed;
  fed.feed(head);
  fed.feed("text\n.");
  fed.end();
  CHECK_FALSE(fed.input->has_message());
  REQUIRE(fed.input->failure().has_value());
  CHECK(fed.input->failure()->cause() == Cause::batch_truncated);
  CHECK(fed.input->has_part());
}

TEST_CASE("what follows a message that was dropped half way is the next message") {
  Fed fed;
  fed.feed(head);
  fed.feed("first\n");
  fed.input->drop_message();
  fed.feed("still the first\n.\n");
  CHECK_FALSE(fed.input->has_message());
  fed.feed("MAIL FROM:<>\nRCPT TO:<e@f>\nDATA\nsecond\n.\n");
  REQUIRE(fed.input->has_message());
  CHECK(fed.input->message().body == "second\r\n");
  fed.input->drop_message();
  fed.end();
  CHECK(fed.input->is_over());
  CHECK_FALSE(fed.input->failure().has_value());
}

TEST_CASE("messages that came together are given one at a time") {
  Fed fed;
  fed.feed(std::string(head) + "one\n.\n" + std::string(head) + "two\n.\n");
  REQUIRE(fed.input->has_message());
  CHECK(fed.input->message().body == "one\r\n");
  CHECK_FALSE(fed.input->wants_to_read());
  fed.input->drop_message();
  REQUIRE(fed.input->has_message());
  CHECK(fed.input->message().body == "two\r\n");
}

TEST_CASE("an empty batch and an unreadable one are told apart") {
  Fed fed;
  fed.end();
  REQUIRE(fed.input->failure().has_value());
  CHECK(fed.input->failure()->cause() == Cause::batch_empty);

  const Descriptor only_writable(open("/dev/null", O_WRONLY | O_CLOEXEC));
  Input unreadable({only_writable.get()});
  unreadable.read();
  REQUIRE(unreadable.failure().has_value());
  CHECK(unreadable.failure()->cause() == Cause::batch_unreadable);
  CHECK(unreadable.failure()->detail() == "Bad file descriptor");
}
