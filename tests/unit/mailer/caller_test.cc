#include "mailer/caller.h"

#include "base/descriptor.h"
#include "base/failure.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <string_view>

using sshsm::base::Cause;
using sshsm::base::Clock;
using sshsm::base::Deadline;
using sshsm::base::Descriptor;
using sshsm::base::Failure;
using sshsm::base::Milliseconds;
using sshsm::mailer::Caller;

namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    reader.reset(ends[0]);
    writer.reset(ends[1]);
  }
  void say(std::string_view text) const {
    REQUIRE(write(writer.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }

  Descriptor reader;
  Descriptor writer;
};

bool throws_caller_gone(Caller& caller) {
  try {
    return caller.wait(-1, 0, Deadline::after(Milliseconds(5000))) != 0;
  } catch (const Failure& failure) {
    return failure.cause() == Cause::caller_gone;
  }
}

}  // namespace

TEST_CASE("input is kept while something else is waited for") {
  const Pipe input;
  const Pipe output;
  Caller caller(input.reader.get(), output.writer.get());
  input.say("EHLO a\r\n");
  CHECK(caller.wait(-1, 0, Deadline::after(Milliseconds(20))) == 0);
  CHECK(caller.held() == "EHLO a\r\n");
  caller.consume(5);
  CHECK(caller.held() == "a\r\n");
  CHECK_FALSE(caller.has_ended());
}

TEST_CASE("the end of the input ends a wait within a second, whatever was said before") {
  for (const char* const said : {"", "QUIT\r\n"}) {
    Pipe input;
    const Pipe output;
    Caller caller(input.reader.get(), output.writer.get());
    input.say(said);
    input.writer.reset();
    const auto began = Clock::now();
    CHECK(throws_caller_gone(caller));
    CHECK(Clock::now() - began >= Caller::max_stay);
    CHECK(caller.held() == said);
    CHECK(caller.has_ended());
  }
}

TEST_CASE("a batch that has ended is waited with, an empty one is not") {
  for (const char* const said : {"", "MAIL FROM:<a@a>\n"}) {
    Pipe input;
    const Pipe output;
    Caller caller(input.reader.get(), output.writer.get());
    caller.set_may_write_batch(true);
    input.say(said);
    input.writer.reset();
    CHECK(throws_caller_gone(caller) == std::string_view(said).empty());
  }
}

TEST_CASE("no more is read than may be held, and the end behind it is seen all the same") {
  Pipe input;
  const Pipe output;
  Caller caller(input.reader.get(), output.writer.get());
  const std::string full(Caller::max_held, 'x');
  input.say(full);
  caller.hear_now();
  input.say("one more");
  caller.hear_now();
  CHECK(caller.held() == full);
  CHECK(caller.end_of_stay().time() == Deadline::never().time());
  input.writer.reset();
  caller.hear_now();
  CHECK(caller.end_of_stay().time() != Deadline::never().time());
  CHECK_FALSE(caller.has_ended());
  caller.consume(full.size());
  caller.hear_now();
  CHECK(caller.held() == "one more");
  caller.hear_now();
  CHECK(caller.has_ended());
}

TEST_CASE("telling never waits for a caller who does not read") {
  const Pipe input;
  const Pipe output;
  Caller caller(input.reader.get(), output.writer.get());
  const std::string words(1024 * 1024, 'x');
  const std::size_t told = caller.tell(words);
  CHECK(told > 0);
  CHECK(told < words.size());
  CHECK(caller.tell(words) == 0);

  std::array<int, 2> pair{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) == 0);
  const Descriptor ours(pair[0]);
  const Descriptor his(pair[1]);
  Caller on_socket(ours.get(), ours.get());
  CHECK(on_socket.tell(words) < words.size());
}

TEST_CASE("words to a caller who has left count as told") {
  const Pipe input;
  Pipe output;
  Caller caller(input.reader.get(), output.writer.get());
  // As the program does at its start.
  std::signal(SIGPIPE, SIG_IGN);
  output.reader.reset();
  CHECK(caller.tell("220 hello\r\n") == 11);
  CHECK(caller.is_deaf());
}
