#include "base/descriptor.h"
#include "base/waiter.h"
#include "mailer/input.h"
#include "mailer/rest_file.h"
#include "rest_place.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace sshsm::mailer;
using sshsm::base::Cause;
using sshsm::base::Deadline;
using sshsm::base::Descriptor;
using sshsm::base::Failure;
using sshsm::base::Milliseconds;
using sshsm::base::PlainWaiter;

namespace {

/// An Input with a rest file. Each whole message is decided when it is there: accepted if the next
/// word of `fates` is '+', refused if '-'; at '!' the line is lost.
class Recorded {
 public:
  explicit Recorded(std::string fates) : fates_(std::move(fates)) {
    std::array<int, 2> pair{};
    REQUIRE(pipe2(pair.data(), O_CLOEXEC) == 0);
    reader_.reset(pair[0]);
    writer_.reset(pair[1]);
    file_.emplace(place_.path());
    input_.emplace(Source{reader_.get(), {}, &*file_});
  }

  /// Nothing is read once the line was lost or the batch is broken.
  void feed(std::string_view octets) {
    REQUIRE(write(writer_.get(), octets.data(), octets.size()) ==
            static_cast<ssize_t>(octets.size()));
    if (!octets.empty() && input_->wants_to_read() && !is_lost_) input_->read();
    decide();
  }
  std::string end() {
    writer_.reset();
    while (input_->wants_to_read() && !is_lost_) {
      input_->read();
      decide();
    }
    return rest();
  }
  std::string rest(Milliseconds patience = Milliseconds(5000)) {
    failure = input_->keep_rest(waiter_, Deadline::after(patience), patience);
    return place_.text();
  }
  [[nodiscard]] bool is_over() const { return input_->is_over(); }

  std::optional<Failure> failure;

 private:
  void decide() {
    while (input_->has_message() && !is_lost_) {
      REQUIRE(!fates_.empty());
      const char fate = fates_.front();
      fates_.erase(0, 1);
      if (fate == '+') input_->drop_accepted_message();
      if (fate == '-') input_->drop_message();
      is_lost_ = fate == '!';
    }
  }

  RestPlace place_;
  std::string fates_;
  Descriptor reader_;
  Descriptor writer_;
  std::optional<RestFile> file_;
  std::optional<Input> input_;
  PlainWaiter waiter_;
  bool is_lost_ = false;
};

std::string message(std::string_view name, std::string_view end = "\n") {
  std::string text;
  for (const std::string_view line :
       {std::string_view("MAIL FROM:<a@b> SIZE=7"), std::string_view("RCPT TO:<c@d>"),
        std::string_view("DATA"), name, std::string_view("..\tb\rare"), std::string_view(".")}) {
    text += line;
    text += end;
  }
  return text;
}

struct Row {
  const char* what;
  std::string batch;
  std::string fates;
  std::string rest;
};

std::vector<Row> rows() {
  const std::string one = message("one");
  const std::string two = message("two");
  const std::string three = message("three");
  const std::string lf = one + two + three;
  const std::string crlf_one = message("one", "\r\n");
  const std::string crlf_two = message("two", "\r\n");
  return {
      {"all accepted", lf, "+++", ""},
      {"all refused", lf, "---", lf},
      {"the middle one accepted", lf, "-+-", one + three},
      {"the middle one refused", lf, "+-+", two},
      {"CRLF", crlf_one + crlf_two, "+-", crlf_two},
      {"the line lost at the second", lf, "+!", two + three},
      {"the line lost at the first", lf, "!", lf},
      {"idle lines", "EHLO x\n" + one + "NOOP\n" + two + "RSET\nQUIT\n", "+-", "NOOP\n" + two},
      {"idle lines and nothing left", "EHLO x\n" + one + "RSET\nQUIT", "+", ""},
      {"an envelope given up", one + "MAIL FROM:<x@y>\nRSET\n" + two, "+-",
       "MAIL FROM:<x@y>\nRSET\n" + two},
      {"malformed in the middle", one + "BOO\n" + two, "+", "BOO\n" + two},
      {"malformed behind a refused one", one + "BOO\n" + two, "-", one + "BOO\n" + two},
      {"malformed behind the loss", one + "BOO\n" + two, "!", one + "BOO\n" + two},
      {"malformed at the end", one + "BOO", "+", "BOO"},
      {"malformed by its line end", one + crlf_two + three, "+", "NOOP\n" + crlf_two + three},
      {"malformed by its line end, CRLF", crlf_one + two, "+", "NOOP\r\n" + two},
      {"malformed by its line end, kept", one + crlf_two, "-", one + crlf_two},
      {"malformed from the start", "\n" + one, "", "\n" + one},
      {"truncated in a body", one + two.substr(0, two.size() - 1), "+",
       two.substr(0, two.size() - 1)},
      {"truncated in an envelope", one + "MAIL FROM:<a@b>\n", "-", one + "MAIL FROM:<a@b>\n"},
      {"nothing", "", "", ""},
      {"no message", "EHLO x\nQUIT\n", "", ""},
  };
}

}  // namespace

TEST_CASE("wherever the batch is cut into pieces, what was not accepted is in the file") {
  for (const Row& row : rows()) {
    for (std::size_t cut = 0; cut <= row.batch.size(); ++cut) {
      CAPTURE(row.what);
      CAPTURE(cut);
      Recorded recorded(row.fates);
      recorded.feed(row.batch.substr(0, cut));
      recorded.feed(row.batch.substr(cut));
      CHECK(recorded.end() == row.rest);
      CHECK_FALSE(recorded.failure.has_value());
    }
  }
}

TEST_CASE("the rest is a batch that reads the same, so that its own rest is all of it") {
  for (const Row& row : rows()) {
    CAPTURE(row.what);
    Recorded again(std::string(3, '-'));
    again.feed(row.rest);
    CHECK(again.end() == row.rest);
  }
}

TEST_CASE("octets by octets") {
  for (const Row& row : rows()) {
    CAPTURE(row.what);
    Recorded recorded(row.fates);
    for (const char octet : row.batch) recorded.feed(std::string_view(&octet, 1));
    CHECK(recorded.end() == row.rest);
  }
}

TEST_CASE("a message given up half way is in the file with what was still to come") {
  const RestPlace place;
  std::array<int, 2> pair{};
  REQUIRE(pipe2(pair.data(), O_CLOEXEC) == 0);
  const Descriptor reader(pair[0]);
  const Descriptor writer(pair[1]);
  RestFile file(place.path());
  Input input({reader.get(), {}, &file});
  const auto feed = [&](std::string_view text) {
    REQUIRE(write(writer.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    input.read();
  };
  const std::string one = message("one");
  feed(one.substr(0, 50));
  input.drop_message();
  feed(one.substr(50) + message("two"));
  REQUIRE(input.has_message());
  CHECK(input.message().body.starts_with("two"));
  input.drop_accepted_message();
  CHECK(place.text() == one);
}

TEST_CASE("a caller who does not end his batch is told where to go on") {
  Recorded recorded("-!");
  recorded.feed(message("one") + message("two") + "MAIL FROM:<a@b>\n");
  CHECK(recorded.rest(Milliseconds(50)) == message("one") + message("two"));
  REQUIRE(recorded.failure.has_value());
  CHECK(recorded.failure->cause() == Cause::rest_unwritable);
  CHECK(recorded.failure->detail().starts_with(
      "nothing from line 13 of the batch on was accepted or is in the file: "));
  CHECK(recorded.failure->detail().ends_with(": the batch did not end in time"));
}

TEST_CASE("a batch that cannot be read on is told as such") {
  const RestPlace place;
  const Descriptor only_writable(open("/dev/null", O_WRONLY | O_CLOEXEC));
  RestFile file(place.path());
  Input input({only_writable.get(), {}, &file});
  input.read();
  PlainWaiter waiter;
  const std::optional<Failure> failure =
      input.keep_rest(waiter, Deadline::never(), Milliseconds(0));
  REQUIRE(failure.has_value());
  CHECK(failure->detail() ==
        "nothing from line 1 of the batch on was accepted or is in the file: " + place.path() +
            ": the batch cannot be read");
}
