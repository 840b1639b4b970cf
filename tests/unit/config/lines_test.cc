#include "config/lines.h"

#include "base/failure.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace sshsm::config;
using Pairs = std::vector<std::pair<std::string, std::string>>;

namespace {

Pairs pairs_of(const std::string& text) {
  const ConfigText file{"f", text};
  LineReader reader(file);
  Pairs pairs;
  while (const auto line = reader.next()) pairs.emplace_back(line->key, line->value);
  return pairs;
}

std::string complaint_about(const std::string& text) {
  try {
    pairs_of(text);
    return "no failure";
  } catch (const sshsm::base::Failure& failure) {
    CHECK(failure.cause() == sshsm::base::Cause::configuration_invalid);
    return failure.detail();
  }
}

}  // namespace

TEST_CASE("a setting reads the same with blanks, quotes, comment or CRLF around it") {
  for (const char* const text :
       {"user=bob", "user = bob\n", " user\t=\tbob \t\r\n", "user=\"bob\"", "user='bob'\r\n",
        "user = \"bob\"  # the login", "user='bob' #", "user = bob # the \"login\" of $USER",
        "# user = alice\n\n   # x = y\n\t\r\nuser=bob\n\n", "user = \" bob \""}) {
    CAPTURE(text);
    CHECK(pairs_of(text) == Pairs{{"user", "bob"}});
  }
}

TEST_CASE("a # begins a comment only at the start of a line or after a blank outside quotes") {
  CHECK(pairs_of("a = b#c") == Pairs{{"a", "b#c"}});
  CHECK(pairs_of("a = b #c") == Pairs{{"a", "b"}});
  CHECK(pairs_of("a = b\t#c") == Pairs{{"a", "b"}});
  CHECK(pairs_of("a = 'b # c'") == Pairs{{"a", "b # c"}});
  CHECK(pairs_of("a = 'b # c' # 'd'") == Pairs{{"a", "b # c"}});
  CHECK(pairs_of("a=#b") == Pairs{{"a", "#b"}});
}

TEST_CASE("quotes of the other kind stand for themselves inside quotes") {
  CHECK(pairs_of("a = 'say \"b\"'") == Pairs{{"a", "say \"b\""}});
  CHECK(pairs_of("a = \"it's\"") == Pairs{{"a", "it's"}});
}

TEST_CASE("only the first = parts key and value") {
  CHECK(pairs_of("a = b = c") == Pairs{{"a", "b = c"}});
  CHECK(pairs_of("host-key=ssh-ed25519 AAAA==") == Pairs{{"host-key", "ssh-ed25519 AAAA=="}});
}

TEST_CASE("a file without settings is read") {
  CHECK(pairs_of("").empty());
  CHECK(pairs_of("\n\r\n").empty());
  CHECK(pairs_of("#").empty());
}

TEST_CASE("every mistake has its sentence and its line") {
  const auto with = [](const char* text) { return "# first\n" + std::string(text) + "\nlast\n"; };
  CHECK(complaint_about(with("user")) == "f:2: no = in \"user\"");
  CHECK(complaint_about(with("user # = bob")) == "f:2: no = in \"user \"");
  CHECK(complaint_about(with("= bob")) == "f:2: no key before the =");
  CHECK(complaint_about(with("user =")) == "f:2: user has no value");
  CHECK(complaint_about(with("user = # bob")) == "f:2: user has no value");
  CHECK(complaint_about(with("user = ''")) == "f:2: user has no value");
  CHECK(complaint_about(with("user = \"bob")) == "f:2: the quote is not closed");
  CHECK(complaint_about(with("user = 'bob\"")) == "f:2: the quote is not closed");
  CHECK(complaint_about(with("user = \"bob\" smith")) == "f:2: text behind the closing quote");
  CHECK(complaint_about(with("user = \"bob\"#x")) == "f:2: text behind the closing quote");
  CHECK(complaint_about(with("user = 'bob''s'")) == "f:2: text behind the closing quote");
  CHECK(complaint_about(with("user = b\"o\"b")) ==
        "f:2: a quote inside a value; put quotes around the whole value");
  CHECK(complaint_about(with("user = bo\x1b"
                             "b")) == "f:2: a control character");
  CHECK(complaint_about(with("user = bob # \x7f")) == "f:2: a control character");
  CHECK(complaint_about(with("user = b\rob")) == "f:2: a control character");
  CHECK(complaint_about(std::string("user = b\0b", 10)) == "f:1: a control character");
  CHECK(complaint_about("a\xc3\xa9 b") == "f:1: no = in \"a\\xc3\\xa9 b\"");
}

TEST_CASE("what would need a shell is refused, quoted or not") {
  for (const char* const value : {"$USER", "'$USER'", "`id`", "\"`id`\"", "a\\b", "'a\\b'"}) {
    CAPTURE(value);
    CHECK(complaint_about(std::string("user = ") + value) ==
          "f:1: user: no $, backtick or backslash, since no shell reads this file");
  }
}

TEST_CASE("a line has a limit") {
  const std::string head = "command = ";
  const std::string value(max_line - head.size(), 'x');
  CHECK(pairs_of(head + value + "\r\n") == Pairs{{"command", value}});
  CHECK(complaint_about(head + value + "x\n") == "f:1: more than 4096 characters");
  CHECK(complaint_about("\n#" + std::string(max_line, 'x')) == "f:2: more than 4096 characters");
}

TEST_CASE("peculiar names of files and keys do not reach a terminal") {
  CHECK(place_of({"a\nb", ""}, 7) == "a\\x0ab:7");
  CHECK(complaint_about("k\xff = ") == "f:1: k\\xff has no value");
}
