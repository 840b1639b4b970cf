#include "smtp/reply.h"

#include "base/failure.h"
#include "pieces.h"

#include <doctest/doctest.h>

namespace sshsm::smtp {
namespace {

using base::Failure;

/// All replies in the pieces, each as its one-line text.
std::vector<std::string> read_all(const std::vector<std::string_view>& pieces) {
  ReplyReader reader;
  std::vector<std::string> texts;
  for (std::string_view piece : pieces)
    while (const auto reply = reader.read(piece)) texts.push_back(text_of(*reply));
  return texts;
}

/// `detail: peer text` of the failure that reading these bytes ends in.
std::string failure_of(std::string_view bytes) {
  std::string told;
  with_every_cut(bytes, [&](const auto& pieces) {
    try {
      (void)read_all(pieces);
    } catch (const Failure& failure) {
      const std::string now = failure.detail() + ": " + failure.peer_text();
      CHECK((told.empty() || told == now));
      CHECK(failure.cause() == base::Cause::reply_malformed);
      told = now;
    }
  });
  return told;
}

Reply reply_of(int code, std::vector<std::string> lines) {
  return {code, std::move(lines)};
}

std::string repeated(std::string_view text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

}  // namespace

TEST_CASE("replies of one and of several lines are read however they are cut") {
  with_every_cut("220 hello\r\n250-first\r\n250-\r\n250 last\r\n354\r\n", [](const auto& pieces) {
    CHECK(read_all(pieces) == std::vector<std::string>{"220 hello", "250 first last", "354"});
  });
}

TEST_CASE("a reply line may end in a bare LF") {
  with_every_cut("250-a\n250 b\n221 c\r\n", [](const auto& pieces) {
    CHECK(read_all(pieces) == std::vector<std::string>{"250 a b", "221 c"});
  });
}

TEST_CASE("only the CR before the LF belongs to the line end") {
  with_every_cut("250 a\rb\r\r\n", [](const auto& pieces) {
    CHECK(read_all(pieces) == std::vector<std::string>{"250 a\rb\r"});
  });
}

TEST_CASE("NUL and 8 bit pass in the text") {
  const std::string bytes("250 \0\xff\r\n", 8);
  with_every_cut(bytes, [](const auto& pieces) {
    CHECK(read_all(pieces) == std::vector<std::string>{std::string("250 \0\xff", 6)});
  });
}

TEST_CASE("an unfinished line is no reply, but can be looked at") {
  ReplyReader reader;
  std::string_view bytes = "250-one\r\n250 tw";
  CHECK_FALSE(reader.read(bytes).has_value());
  CHECK(reader.unfinished_line() == "250 tw");
}

TEST_CASE("what is no reply is malformed") {
  CHECK(failure_of("hello\r\n") == ": hello");
  CHECK(failure_of("\r\n") == ": ");
  CHECK(failure_of("25\r\n") == ": 25");
  CHECK(failure_of("150 one\r\n") == ": 150 one");
  CHECK(failure_of("650 six\r\n") == ": 650 six");
  CHECK(failure_of("2500 four digits\r\n") == ": 2500 four digits");
  CHECK(failure_of("250\tTab\r\n") == ": 250\tTab");
  CHECK(failure_of("25x no digit\r\n") == ": 25x no digit");
  CHECK(failure_of(" 250 blank first\r\n") == ":  250 blank first");
}

TEST_CASE("all lines of a reply have one code") {
  CHECK(failure_of("250-one\r\n251 two\r\n") == "the code changed between two lines: 251 two");
}

TEST_CASE("the caller names what malformed means where it is") {
  ReplyReader reader;
  std::string_view bytes = "Welcome!\r\n";
  try {
    (void)reader.read(bytes, base::Cause::text_before_greeting);
    FAIL("it was read");
  } catch (const Failure& failure) {
    CHECK(failure.cause() == base::Cause::text_before_greeting);
    CHECK(failure.peer_text() == "Welcome!");
  }
}

TEST_CASE("a line has a limit, with or without its end") {
  const std::string longest = "250 " + std::string(ReplyReader::max_line - 4, 'x');
  for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}, std::size_t{100000}}) {
    CHECK(read_all(pieces_of(longest + "\r\n", piece)).size() == 1);
    CHECK(read_all(pieces_of(longest + "\n", piece)).size() == 1);
    CHECK(read_all(pieces_of(longest + "\r", piece)).empty());
    CHECK_THROWS_AS((void)read_all(pieces_of(longest + "x", piece)), Failure);
    CHECK_THROWS_AS((void)read_all(pieces_of(longest + "\rx", piece)), Failure);
    CHECK_THROWS_AS((void)read_all(pieces_of(longest + "x\r\n", piece)), Failure);
  }
}

TEST_CASE("a reply has a limit of lines") {
  const std::string most = repeated("250-x\r\n", ReplyReader::max_lines - 1);
  CHECK(read_all({most, "250 x\r\n"}).size() == 1);
  CHECK_THROWS_AS((void)read_all({most, "250-x\r\n", "250 x\r\n"}), Failure);
}

TEST_CASE("a reply has a limit of octets") {
  const std::string line = "250-" + std::string(2044, 'x') + "\r\n";
  const std::string most = repeated(line, ReplyReader::max_reply / ReplyReader::max_line - 1);
  const std::string last = "250 " + std::string(2044, 'x');
  CHECK(read_all({most, last, "\r\n"}).size() == 1);
  CHECK_THROWS_AS((void)read_all({most, line, "250 \r\n"}), Failure);
}

TEST_CASE("the limits are per reply") {
  const std::string reply = repeated("250-x\r\n", 90) + "250 x\r\n";
  CHECK(read_all({repeated(reply, 20)}).size() == 20);
  const std::string big = repeated("250-" + std::string(2000, 'x') + "\r\n", 20) + "250 x\r\n";
  CHECK(read_all({repeated(big, 5)}).size() == 5);
}

TEST_CASE("the RFC 3463 code is the text's if it is of the reply's class") {
  CHECK(status_code(reply_of(550, {"5.1.1 no such user"})) == "5.1.1");
  CHECK(status_code(reply_of(550, {"5.123.456 x"})) == "5.123.456");
  CHECK(status_code(reply_of(250, {"2.0.0"})) == "2.0.0");
  CHECK(status_code(reply_of(550, {"4.1.1 of another class"})) == "5.0.0");
  CHECK(status_code(reply_of(451, {"later"})) == "4.0.0");
  CHECK(status_code(reply_of(250, {""})) == "2.0.0");
  CHECK(status_code(reply_of(250, {})) == "2.0.0");
  CHECK(status_code(reply_of(550, {"5.1 short"})) == "5.0.0");
  CHECK(status_code(reply_of(550, {"5.1.1.1 long"})) == "5.0.0");
  CHECK(status_code(reply_of(550, {"5.1.1234 digits"})) == "5.0.0");
  CHECK(status_code(reply_of(550, {"5..1 digits"})) == "5.0.0");
  CHECK(status_code(reply_of(550, {"5.1.1no blank"})) == "5.0.0");
}

TEST_CASE("a code can be made class 4") {
  CHECK(as_deferred("5.1.1") == "4.1.1");
  CHECK(as_deferred("4.2.1") == "4.2.1");
}

TEST_CASE("the text of a reply is one line of a limited length") {
  CHECK(text_of(reply_of(550, {"5.1.1 no such user"})) == "550 5.1.1 no such user");
  CHECK(text_of(reply_of(250, {""})) == "250");
  CHECK(text_of(reply_of(550, {"one", "", "two"})) == "550 one two");
  const std::string longest = text_of(reply_of(550, {std::string(600, 'x'), "y"}));
  CHECK(longest.size() == max_reply_text);
  CHECK(longest.ends_with("xxx..."));
}

}  // namespace sshsm::smtp
