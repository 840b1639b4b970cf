#include "trust/known_hosts.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sshsm::trust;
using Marker = KnownHostsLine::Marker;

namespace {

std::vector<KnownHostsLine> lines_of(std::string_view text) {
  std::vector<KnownHostsLine> lines;
  KnownHostsLines reader(text);
  while (const auto line = reader.next()) lines.push_back(*line);
  return lines;
}

void is_one(std::string_view text, Marker marker, std::string_view names, std::string_view type,
            std::string_view key) {
  CAPTURE(text);
  const std::vector<KnownHostsLine> lines = lines_of(text);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].marker == marker);
  CHECK(lines[0].names == names);
  CHECK(lines[0].type == type);
  CHECK(lines[0].key == key);
}

}  // namespace

TEST_CASE("fields are parted by blanks and tabs, lines by LF or CRLF, and the last needs neither") {
  for (const char* const text :
       {"a t k", "a t k\n", "a t k\r\n", " a\tt \t k\n", "\ta t k comment\n", "a t k\r",
        "a t k \r\n", "\n\r\n  \n# c\n  # c\na t k"})
    is_one(text, Marker::none, "a", "t", "k");
  is_one(std::string_view("a t k\0 x y\n", 11), Marker::none, "a", "t", "k");
  is_one("a b\rc d\n", Marker::none, "a", "b\rc", "d");
}

TEST_CASE("what is missing is empty") {
  is_one("a", Marker::none, "a", "", "");
  is_one("a t \n", Marker::none, "a", "t", "");
  CHECK(lines_of("").empty());
  CHECK(lines_of("\n\n").empty());
  CHECK(lines_of("@revoked\n").empty());
  CHECK(lines_of(std::string_view("\0a t k\n", 7)).empty());
}

TEST_CASE("one marker of two is known") {
  is_one("@revoked a t k", Marker::revoked, "a", "t", "k");
  is_one("@revoked\ta t k", Marker::revoked, "a", "t", "k");
  is_one("@cert-authority a t k", Marker::cert_authority, "a", "t", "k");
  is_one("@Revoked a t k", Marker::unknown, "a", "t", "k");
  is_one("@revoked @revoked a t k", Marker::unknown, "a", "t", "k");
  is_one("@cert-authority @revoked a t k", Marker::unknown, "a", "t", "k");
  is_one("@x @revoked @revoked a t k", Marker::unknown, "a", "t", "k");
  is_one("@ a t k", Marker::unknown, "a", "t", "k");
}

TEST_CASE("lines are counted with those that say nothing") {
  const std::vector<KnownHostsLine> lines = lines_of("# c\n\na t k\r\n\nb t k\nc");
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].number == 3);
  CHECK(lines[1].number == 5);
  CHECK(lines[2].number == 6);
}
