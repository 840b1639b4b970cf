#include "admin/settings.h"

#include "admin/listing.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace sshsm::admin;
using sshsm::config::ConfigText;

namespace {

std::vector<std::string> lines(const std::string& own, const std::string& defaults = "") {
  return lines_of_settings("/etc/sshsm", {"friend.conf", own}, ConfigText{"sshsm.conf", defaults});
}

bool has(const std::vector<std::string>& lines, const std::string& wanted) {
  return std::find(lines.begin(), lines.end(), wanted) != lines.end();
}

}  // namespace

TEST_CASE("each setting stands with the place where it was said, in the order of the key table") {
  const auto shown = lines("\nhost = mx\nuser = bob\n", "port = 26\n");
  REQUIRE(shown.size() > 3);
  CHECK(shown[0] == "user = bob                                      # friend.conf:3");
  CHECK(shown[1] == "host = mx                                       # friend.conf:2");
  CHECK(shown[2] == "port = 26                                       # sshsm.conf:1");
  CHECK(shown[3] == "identity-file = /etc/sshsm/id_ed25519           # default");
}

TEST_CASE("what is not set says so, and a value that a reader would cut stands in quotes") {
  const auto shown = lines("command = 'run \"it\" # now'\n");
  CHECK(has(shown, "# helo is not set"));
  CHECK(has(shown, "command = 'run \"it\" # now'                      # friend.conf:1"));
}

TEST_CASE("every value of a repeatable key has a line") {
  const auto shown = lines("known-hosts-file = a\nknown-hosts-file = /b\n");
  CHECK(has(shown, "known-hosts-file = /etc/sshsm/a                 # friend.conf:1"));
  CHECK(has(shown, "known-hosts-file = /b                           # friend.conf:2"));
}

TEST_CASE("a default command is not shown where smtp-address takes its place") {
  CHECK(has(lines("smtp-address = localhost:25\n"), "# command is not set"));
}

TEST_CASE("of the names in a directory the destinations are listed, in order") {
  using Names = std::vector<std::string>;
  CHECK(destinations_among(Names{"b.conf", "sshsm.conf", ".x.conf", "a.conf", "a.conf~", "..",
                                 "known_hosts", ".conf", "-a.conf", "a..b.conf"}) ==
        Names{"a", "b"});
}
