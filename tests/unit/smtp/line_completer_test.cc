#include "smtp/line_completer.h"

#include "pieces.h"
#include "smtp/body_reader.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace sshsm::smtp {
namespace {

std::string completed(std::string_view text, std::size_t piece) {
  LineCompleter completer;
  std::string lines;
  for (const std::string_view part : pieces_of(text, piece)) lines += completer.complete(part);
  lines += completer.end();
  CHECK(completer.end().empty());
  return lines;
}

}  // namespace

TEST_CASE("every CR, LF and CRLF becomes a line end, and the last line gets one") {
  for (const std::size_t piece : {1U, 2U, 3U, 100U}) {
    CAPTURE(piece);
    CHECK(completed("", piece).empty());
    CHECK(completed("a", piece) == "a\r\n");
    CHECK(completed("a\r\nb\r\n", piece) == "a\r\nb\r\n");
    CHECK(completed("a\nb\rc", piece) == "a\r\nb\r\nc\r\n");
    CHECK(completed("\r\r\n\n\n\r", piece) == "\r\n\r\n\r\n\r\n\r\n");
    CHECK(completed(std::string_view("\0.\r\n", 4), piece) == std::string_view("\0.\r\n", 4));
  }
}

TEST_CASE("whole lines and long ones come out as octet by octet") {
  const std::string long_run(1023, 'x');
  const std::vector<std::string> parts{"a", "\r", "\n", "\r\n", "line\r\n", "\n\r", long_run};
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 20; ++i) text += parts[random() % parts.size()];
    CHECK(completed(text, text.size()) == completed(text, 1));
  }
}

TEST_CASE("a text comes out as BodyReader gives it") {
  for (const std::string text : {"a\rb\n\r\nc\r\n", "\r\r\r\n", "x\n\n\rz\r\n"}) {
    BodyReader reader(LineEnd::crlf);
    std::string body;
    (void)reader.read(text + ".\r\n", body, 1000);
    CHECK(reader.is_complete());
    CHECK(completed(text, 100) == body);
  }
}

}  // namespace sshsm::smtp
