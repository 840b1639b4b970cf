#include "smtp/dot_stuffer.h"

#include "pieces.h"

#include <doctest/doctest.h>

namespace sshsm::smtp {
namespace {

void check_stuffed(std::string_view body, const std::string& expected) {
  with_every_cut(body, [&](const auto& pieces) {
    DotStuffer stuffer;
    std::string stuffed;
    for (const std::string_view piece : pieces) stuffed += stuffer.stuff(piece);
    CHECK(stuffed + stuffer.end() == expected);
  });
}

}  // namespace

TEST_CASE("a dot is doubled at the start of a line and nowhere else") {
  check_stuffed("", ".\r\n");
  check_stuffed("a\r\nb.c\r\n", "a\r\nb.c\r\n.\r\n");
  check_stuffed(".\r\n", "..\r\n.\r\n");
  check_stuffed("..\r\n", "...\r\n.\r\n");
  check_stuffed(".a\r\n.b\r\n\r\n.\r\n", "..a\r\n..b\r\n\r\n..\r\n.\r\n");
  check_stuffed("a\r\n.\r\n.\r\n.b.\r\n", "a\r\n..\r\n..\r\n..b.\r\n.\r\n");
}

TEST_CASE("a dot behind NULs at the start of a line is doubled, since some servers drop NULs") {
  using namespace std::string_literals;
  check_stuffed("\0.\r\n"s, "\0..\r\n.\r\n"s);
  check_stuffed("a\0.\r\n\0\0.\r\n\0\r\n"s, "a\0.\r\n\0\0..\r\n\0\r\n.\r\n"s);
  check_stuffed(".\0\r\n\0b.\r\n"s, "..\0\r\n\0b.\r\n.\r\n"s);
}

TEST_CASE("the final dot stands alone also behind a line that was not ended") {
  check_stuffed("a", "a\r\n.\r\n");
  check_stuffed("a\r\n.", "a\r\n..\r\n.\r\n");
  check_stuffed(std::string("a\r\n\0", 4), std::string("a\r\n\0\r\n.\r\n", 9));
}

TEST_CASE("an empty piece changes nothing") {
  DotStuffer stuffer;
  CHECK(stuffer.stuff("a\r\n") == "a\r\n");
  CHECK(stuffer.stuff("") == "");
  CHECK(stuffer.stuff(".") == "..");
}

}  // namespace sshsm::smtp
