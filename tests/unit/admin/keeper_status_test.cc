#include "admin/keeper_status.h"

#include "admin/refusal.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <time.h>

#include <string>

namespace sshsm::admin {
namespace {

constexpr const char* up =
    R"({"destination":"friend","is_up":true,"since":1700000100,"started":1700000000,)"
    R"("host":"mx.friend.example","address":"192.0.2.1","dials":3,"failures":2,)"
    R"("connections":1,"sessions":4,"parked":2,"clients":5,"waiting":1,"clients_served":70,)"
    R"("messages_accepted":60,"messages_refused":7,"messages_deferred":8,"round_trip":0.012345,)"
    R"("last_failure":"cannot connect","last_failure_at":1700000090,"next_attempt":null})";

void use_universal_time() {
  setenv("TZ", "UTC0", 1);
  tzset();
}

std::string refusal_of(const std::string& told) {
  try {
    (void)read_status("friend", told, false);
  } catch (const Refusal& refusal) {
    return refusal.sentence();
  }
  return "none";
}

}  // namespace

TEST_CASE("a line that is up is told in a few lines") {
  use_universal_time();
  const ToldStatus status = read_status("friend", up, false);
  CHECK(status.is_well);
  CHECK(status.text ==
        "friend: up to mx.friend.example [192.0.2.1] since 2023-11-14 22:15:00\n"
        "  connections: 1; sessions: 4, 2 parked; clients: 5, 1 waiting\n"
        "  messages: 60 accepted, 7 refused, 8 deferred; dials: 3; failures: 2\n"
        "  round trip: 12 ms\n"
        "  last failure: 2023-11-14 22:14:50: cannot connect\n");
}

TEST_CASE("a line that is down because of a failure is not well, one that nobody needs is") {
  use_universal_time();
  const ToldStatus failing = read_status(
      "friend",
      R"({"is_up":false,"since":100,"last_failure":"no","last_failure_at":100,"next_attempt":160})",
      false);
  CHECK_FALSE(failing.is_well);
  CHECK(failing.text.find("friend: no line since 1970-01-01 00:01:40\n") == 0);
  CHECK(
      failing.text.ends_with("  last failure: 1970-01-01 00:01:40: no\n"
                             "  next attempt: 1970-01-01 00:02:40\n"));
  const ToldStatus idle = read_status(
      "friend", R"({"is_up":false,"since":101,"last_failure":"no","last_failure_at":100})", false);
  CHECK(idle.is_well);
  CHECK(idle.text.find("friend: idle, without a line since ") == 0);
}

TEST_CASE("with --json the object is passed on as it is, in ASCII") {
  CHECK(read_status("friend", up, true).text == std::string(up) + "\n");
  const std::string told = "{\"is_up\":true,\"host\":\"\xc3\xa9\\u001b\"}";
  CHECK(read_status("friend", told, true).text == "{\"is_up\":true,\"host\":\"\\u00e9\\u001b\"}\n");
}

TEST_CASE("what is not a status is refused, and what a stranger wrote into one does no harm") {
  const std::string wanted = "what the keeper of friend tells is no status";
  for (const char* told : {"", "x", "[]", "{}", "{\"is_up\":", "3", "\"is_up\""})
    CHECK(refusal_of(told) == wanted);
  CHECK(refusal_of(std::string(16000, '[')) == wanted);
  const ToldStatus odd = read_status(
      "friend",
      R"({"is_up":7,"since":-3,"dials":1e300,"sessions":"x","host":[1],"round_trip":-1e308,)"
      R"("last_failure":"\u001b[2J","last_failure_at":99999999999999999999})",
      false);
  CHECK(odd.text.find("\\x1b[2J") != std::string::npos);
  CHECK(odd.text.find("dials: 0; ") != std::string::npos);
  CHECK(odd.text.find("round trip: 0 ms") != std::string::npos);
}

}  // namespace sshsm::admin
