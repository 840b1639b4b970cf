#include "trust/host_name.h"

#include <doctest/doctest.h>

#include <string>

using namespace sshsm::trust;

TEST_CASE("a star stands for any text and a question mark for one character") {
  struct Sample {
    const char* pattern;
    const char* text;
    bool matches;
  };
  for (const Sample& sample : {Sample{"", "", true},
                               {"", "a", false},
                               {"a", "", false},
                               {"*", "", true},
                               {"***", "abc", true},
                               {"?", "", false},
                               {"?", "a", true},
                               {"a*", "abc", true},
                               {"*c", "abc", true},
                               {"a*c", "abcbc", true},
                               {"a*b", "abc", false},
                               {"*b*", "abc", true},
                               {"a?c*", "abc", true},
                               {"*?", "", false},
                               {"*a*a*b", "aaaab", true},
                               {"*aab", "aaab", true},
                               {"abc", "abcd", false},
                               {"[a]", "a", false},
                               {"a.c", "abc", false}}) {
    CAPTURE(sample.pattern);
    CAPTURE(sample.text);
    CHECK(matches_pattern(sample.pattern, sample.text) == sample.matches);
  }
}

TEST_CASE("a pattern of stars ends in time that is not exponential") {
  std::string pattern;
  for (int i = 0; i < 500; ++i) pattern += "*a";
  CHECK(!matches_pattern(pattern + "b", std::string(253, 'a')));
}

TEST_CASE("one pattern of a list has to match and none with a ! before it") {
  CHECK(names_host("mx.example", "mx.example"));
  CHECK(names_host("a,mx.example,b", "mx.example"));
  CHECK(names_host("MX.EXAMPLE", "mx.example"));
  CHECK(names_host("*.example,!mail.example", "mx.example"));
  CHECK(!names_host("*.example,!mx.example", "mx.example"));
  CHECK(!names_host("!mx.example,*.example", "mx.example"));
  CHECK(!names_host("!mail.example", "mx.example"));
  CHECK(!names_host("*,!*", "mx.example"));
  CHECK(!names_host("", "mx.example"));
  CHECK(!names_host("a, ,b", "mx.example"));
}

TEST_CASE("a list with a pattern over the limit names nothing") {
  CHECK(names_host("mx.example," + std::string(max_pattern, 'x'), "mx.example"));
  CHECK(!names_host("mx.example," + std::string(max_pattern + 1, 'x'), "mx.example"));
}

TEST_CASE("a hashed name is one name") {
  // Both from ssh-keygen -H.
  const std::string bare = "|1|fbi++YenRo261zhIfj6J1rlhx6I=|bu3L0QHBjoQMYw1SSAtRZe1rlrs=";
  const std::string with_its_port = "|1|dVGayGHJ6hGIGdsfZR2OyBhZ0pc=|uoNmGgotCEEkQnQCipp1MweM2L8=";
  CHECK(names_host(bare, "mx.example"));
  CHECK(!names_host(bare, "mx.example.org"));
  CHECK(!names_host(bare, "[mx.example]:2222"));
  CHECK(names_host(with_its_port, "[mx.example]:2222"));
  CHECK(!names_host(with_its_port, "mx.example"));
  CHECK(!names_host(bare + ",mx.example", "mx.example"));
  CHECK(!names_host("|2|" + bare.substr(3), "mx.example"));
  for (std::size_t length = 0; length < bare.size(); ++length)
    CHECK(!names_host(bare.substr(0, length), "mx.example"));
}

TEST_CASE("a host is looked up in lower case and an address in its one spelling") {
  CHECK(canonical_host("MX.Example") == "mx.example");
  CHECK(canonical_host("192.0.2.1") == "192.0.2.1");
  CHECK(canonical_host("127.1") == "127.0.0.1");
  CHECK(canonical_host("2001:DB8:0:0::1") == "2001:db8::1");
  CHECK(canonical_host("::FFFF:192.0.2.1") == "::ffff:192.0.2.1");
}

TEST_CASE("port 22 goes without brackets") {
  CHECK(with_port("mx.example", 22) == "mx.example");
  CHECK(with_port("mx.example", 2222) == "[mx.example]:2222");
  CHECK(with_port("2001:db8::1", 1) == "[2001:db8::1]:1");
}
