#include "base/text.h"

#include <doctest/doctest.h>

using namespace sshsm::base;

TEST_CASE("text from a peer is shown without a byte that moves a terminal or breaks a log line") {
  CHECK(printable("plain text", 100) == "plain text");
  CHECK(printable("\x1b[2J\r\n\t\x7f\xff", 100) == "\\x1b[2J\\x0d\\x0a\\x09\\x7f\\xff");
  CHECK(printable(std::string_view("\0", 1), 100) == "\\x00");
}

TEST_CASE("printable text keeps to its limit and shows the cut") {
  CHECK(printable("12345678", 8) == "12345678");
  CHECK(printable("123456789", 8) == "12345...");
  CHECK(printable("\n\n\n\n", 8) == "\\x0a\\...");
  CHECK(printable("abcdef", 2) == "..");
  CHECK(printable("abcdef", 0).empty());
}

TEST_CASE("a quotation ends where its quote mark stands") {
  CHECK(quoted("say \"hello\"", 100) == "\"say 'hello'\"");
}

TEST_CASE("upper and lower case are ASCII's, whatever the bytes") {
  CHECK(to_lower("MX.Friend.Example\xc4") == "mx.friend.example\xc4");
  CHECK(equals_ignoring_case("EHLO", "ehlo"));
  CHECK_FALSE(equals_ignoring_case("EHLO", "EHL"));
  CHECK(starts_with_ignoring_case("mail from:<a@b>", "MAIL FROM:"));
  CHECK_FALSE(starts_with_ignoring_case("mai", "MAIL"));
}

TEST_CASE(
    "a plain name is letters, digits, dots, underscores and hyphens behind a letter or digit") {
  for (const char* const name : {"a", "Z", "9", "myfriend", "my-friend_2.example"})
    CHECK(is_plain_name(name, 64));
  for (const char* const name :
       {"", ".a", "-a", "_a", "a b", "a/b", "a;b", "a$b", "a\nb", "a\xc3\xa4"})
    CHECK_FALSE(is_plain_name(name, 64));
  CHECK(is_plain_name(std::string(64, 'a'), 64));
  CHECK_FALSE(is_plain_name(std::string(65, 'a'), 64));
}

TEST_CASE("words are what stands between blanks and tabs") {
  CHECK(words_of("  one\ttwo  three ") == std::vector<std::string>{"one", "two", "three"});
  CHECK(words_of(" \t ").empty());
  CHECK(trimmed("\t a b ") == "a b");
}

TEST_CASE("a line of help has its words in two columns, and more room for a long first one") {
  CHECK(help_line("-v", 6, "show it") == "  -v      show it\n");
  CHECK(help_line("--verbose", 6, "show it") == "  --verbose  show it\n");
}

TEST_CASE("a number is digits and no more than its limit") {
  CHECK(parse_number("0", 10) == 0);
  CHECK(parse_number("10", 10) == 10);
  CHECK_FALSE(parse_number("11", 10).has_value());
  CHECK_FALSE(parse_number("", 10).has_value());
  CHECK_FALSE(parse_number("-1", 10).has_value());
  CHECK_FALSE(parse_number("+1", 10).has_value());
  CHECK_FALSE(parse_number(" 1", 10).has_value());
  CHECK_FALSE(parse_number("1x", 10).has_value());
  CHECK_FALSE(parse_number("99999999999999999999999", ~0UL).has_value());
}
