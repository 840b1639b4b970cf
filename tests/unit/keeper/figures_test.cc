#include "keeper/figures.h"

#include <doctest/doctest.h>

namespace sshsm::keeper {

using std::chrono::seconds;

TEST_CASE("the figures of a line that is up") {
  Figures figures;
  figures.destination = "friend";
  figures.is_up = true;
  figures.host = "mx.friend.example";
  figures.unchanged = seconds(75);
  figures.connections = 1;
  figures.parked = 2;
  figures.clients = 3;
  figures.waiting = 4;
  figures.dials = 5;
  figures.sessions = 6;
  figures.messages = 7;
  CHECK(json_of(figures) ==
        "{\"destination\": \"friend\", \"line\": \"up\", \"seconds\": 75, "
        "\"host\": \"mx.friend.example\", \"connections\": 1, \"parked\": 2, \"clients\": 3, "
        "\"waiting\": 4, \"dials\": 5, \"sessions\": 6, \"messages\": 7, \"failures\": 0, "
        "\"last_failure\": null, \"next_attempt\": null}\n");
}

TEST_CASE("the figures of one that is down, with a peer's words in the reason") {
  Figures figures;
  figures.destination = "friend";
  figures.host = "mx";
  figures.failures = 1;
  figures.last_failure = R"(no: "a\x0ab")";
  figures.next_attempt = seconds(9);
  CHECK(json_of(figures) ==
        "{\"destination\": \"friend\", \"line\": \"down\", \"seconds\": 0, \"host\": \"mx\", "
        "\"connections\": 0, \"parked\": 0, \"clients\": 0, \"waiting\": 0, \"dials\": 0, "
        "\"sessions\": 0, \"messages\": 0, \"failures\": 1, "
        "\"last_failure\": \"no: \\\"a\\\\x0ab\\\"\", \"next_attempt\": 9}\n");
}

}  // namespace sshsm::keeper
