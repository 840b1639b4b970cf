#include "smtp/command_reader.h"

#include "pieces.h"

#include <doctest/doctest.h>

#include <string>

namespace sshsm::smtp {
namespace {

/// The lines of a session, each with `|` behind it (`!|` where it is too long), then what has no
/// end yet.
std::string read(const std::vector<std::string_view>& pieces) {
  CommandReader reader;
  std::string text;
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      const std::size_t before = piece.size();
      const auto line = reader.read(piece);
      CHECK(piece.size() < before);
      if (line) text += line->text + (line->is_too_long ? "!|" : "|");
    }
  }
  return text + reader.unfinished_line();
}

/// The same lines however the octets come.
void check(std::string_view session, std::string_view expected) {
  with_every_cut(session, [&](const auto& pieces) { CHECK(read(pieces) == expected); });
}

std::string line_of(std::size_t size) {
  return std::string(size, 'x');
}

constexpr std::size_t max_line = CommandReader::max_line;

}  // namespace

TEST_CASE("a verb is the first word of a line, in whatever case, and no part of one") {
  CHECK(has_verb("QUIT", "QUIT"));
  CHECK(has_verb("quit now", "QUIT"));
  CHECK_FALSE(has_verb(" QUIT", "QUIT"));
  CHECK_FALSE(has_verb("QUITS", "QUIT"));
  CHECK_FALSE(has_verb("", "QUIT"));
}

TEST_CASE("lines of a session with CRLF and of one with LF") {
  check("EHLO me\r\nNOOP\r\n\r\nQUIT\r\n", "EHLO me|NOOP||QUIT|");
  check("EHLO me\nNOOP\n\nQUIT\n", "EHLO me|NOOP||QUIT|");
  check("", "");
}

TEST_CASE("only the line end of the first line ends a line: others stay in it as controls") {
  check("a\r\nb\nc\r\nd\n", "a|b\nc|d\n");
  check("a\r\n\nb\r\n", "a|\nb|");
  check("a\nb\r\nc\n", "a|b\r|c|");
  check("a\n\r\n", "a|\r|");
}

TEST_CASE("a bare CR is part of a line, wherever it stands") {
  check("a\rb\r\n", "a\rb|");
  check("a\r\r\n\rb\r\n\r\r\n", "a\r|\rb|\r|");
  check("\ra\n\r\n", "\ra|\r|");
  check("a\r\nb\r", "a|b\r");
  check("a\r\nb\n\r\r\n", "a|b\n\r|");
}

TEST_CASE("octets of all kinds stay as they are") {
  using namespace std::string_literals;
  check("a\0b\x80\xff\x1b\r\n\0\r\n"s, "a\0b\x80\xff\x1b|\0|"s);
}

TEST_CASE("the line end is known with the first line, and not before") {
  for (const std::string line : {"a\r\n", "a\n"}) {
    CommandReader reader;
    std::string_view bytes = line;
    std::string_view start = bytes.substr(0, bytes.size() - 1);
    CHECK_FALSE(reader.read(start).has_value());
    CHECK_FALSE(reader.line_end().has_value());
    bytes.remove_prefix(bytes.size() - 1);
    CHECK(reader.read(bytes).has_value());
    CHECK(reader.line_end() == (line.size() == 3 ? LineEnd::crlf : LineEnd::lf));
  }
}

TEST_CASE("nothing is taken behind the line feed that ends a line") {
  CommandReader reader;
  std::string_view bytes = "a\r\nb\r\n";
  CHECK(reader.read(bytes)->text == "a");
  CHECK(bytes == "b\r\n");
}

TEST_CASE("a line as long as allowed is whole, and one octet more is too many") {
  for (const std::string end : {"\r\n", "\n"}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{4095}, 2 * max_line}) {
      CAPTURE(piece);
      const std::string session =
          "a" + end + line_of(max_line) + end + line_of(max_line + 1) + end + "b" + end;
      CHECK(read(pieces_of(session, piece)) ==
            "a|" + line_of(max_line) + "|" + line_of(max_line) + "!|b|");
    }
  }
}

TEST_CASE("the limit holds in the first line, too") {
  CHECK(read({line_of(max_line), "\r\n"}) == line_of(max_line) + "|");
  CHECK(read({line_of(max_line + 1), "\r", "\n"}) == line_of(max_line) + "!|");
  CHECK(read({line_of(max_line + 1), "\n"}) == line_of(max_line) + "!|");
}

TEST_CASE("a line is known to be too long before it ends, its CR not counted") {
  CommandReader reader;
  std::string_view bytes = "a\r\n";
  CHECK(reader.read(bytes).has_value());
  const std::string line = line_of(max_line);
  bytes = line;
  CHECK_FALSE(reader.read(bytes).has_value());
  CHECK_FALSE(reader.is_too_long());
  bytes = "\r";
  CHECK_FALSE(reader.read(bytes).has_value());
  CHECK_FALSE(reader.is_too_long());
  bytes = "x";
  CHECK_FALSE(reader.read(bytes).has_value());
  CHECK(reader.is_too_long());
}

TEST_CASE("what is kept of a line without end is bounded") {
  CommandReader reader;
  const std::string flood = line_of(100000);
  for (int i = 0; i < 100; ++i) {
    std::string_view bytes = flood;
    CHECK_FALSE(reader.read(bytes).has_value());
    CHECK(bytes.empty());
  }
  CHECK(reader.unfinished_line().size() <= max_line + 2);
  CHECK(reader.is_too_long());
  std::string_view bytes = "\r\nNOOP\r\n";
  const auto line = reader.read(bytes);
  REQUIRE(line.has_value());
  CHECK(line->is_too_long);
  CHECK(line->text == line_of(max_line));
  CHECK(reader.read(bytes)->text == "NOOP");
}

}  // namespace sshsm::smtp
