#include "keeper/status.h"

#include <doctest/doctest.h>

#include <string>

namespace sshsm::keeper {
namespace {

using namespace std::chrono_literals;

Status busy() {
  Status status;
  status.destination = "friend";
  status.host = "mx.friend.example";
  status.address = "192.0.2.1";
  status.is_up = true;
  status.since = SystemTime(1700000100s);
  status.started = SystemTime(1700000000s);
  status.dials = 3;
  status.failures = 2;
  status.sessions_started = 9;
  status.connections = 1;
  status.sessions = 4;
  status.parked = 2;
  status.clients = 5;
  status.waiting = 1;
  status.clients_served = 70;
  status.messages_accepted = 60;
  status.messages_refused = 7;
  status.messages_deferred = 8;
  status.round_trip = 12345us;
  status.last_failure = "cannot connect: 192.0.2.1 port 22: Connection refused";
  status.last_failure_at = SystemTime(1700000090s);
  status.next_attempt = SystemTime(1700000200s);
  return status;
}

Status new_one() {
  Status status;
  status.destination = "friend";
  status.since = status.started = SystemTime(1700000000s);
  return status;
}

}  // namespace

TEST_CASE("the status is one JSON object on one line") {
  CHECK(json_of(busy()) ==
        "{\"destination\":\"friend\",\"is_up\":true,\"since\":1700000100,\"started\":1700000000,"
        "\"host\":\"mx.friend.example\",\"address\":\"192.0.2.1\",\"dials\":3,\"failures\":2,"
        "\"sessions_started\":9,\"clients_served\":70,\"messages_accepted\":60,"
        "\"messages_refused\":7,\"messages_deferred\":8,\"connections\":1,\"sessions\":4,"
        "\"parked\":2,\"clients\":5,\"waiting\":1,\"round_trip\":0.012345,"
        "\"last_failure\":\"cannot connect: 192.0.2.1 port 22: Connection refused\","
        "\"last_failure_at\":1700000090,\"next_attempt\":1700000200}\n");
}

TEST_CASE("what is not known is null, and every key is there all the same") {
  CHECK(json_of(new_one()) ==
        "{\"destination\":\"friend\",\"is_up\":false,\"since\":1700000000,\"started\":1700000000,"
        "\"host\":\"\",\"address\":\"\",\"dials\":0,\"failures\":0,\"sessions_started\":0,"
        "\"clients_served\":0,\"messages_accepted\":0,\"messages_refused\":0,"
        "\"messages_deferred\":0,\"connections\":0,\"sessions\":0,\"parked\":0,"
        "\"clients\":0,\"waiting\":0,"
        "\"round_trip\":null,\"last_failure\":null,\"last_failure_at\":null,"
        "\"next_attempt\":null}\n");
}

TEST_CASE("no byte that a peer chose breaks the JSON or the metrics") {
  Status status = busy();
  status.last_failure = "said \"\xff\n\x1b[2J\\\"";
  status.destination = "a\"b\\c";
  CHECK(json_of(status).find("\"last_failure\":\"said \\\"\\\\xff\\\\x0a\\\\x1b[2J\\\\\\\"\"") !=
        std::string::npos);
  CHECK(metrics_of(status).find("sshsm_up{destination=\"a\\\"b\\\\c\"} 1\n") != std::string::npos);
}

TEST_CASE("the metrics are Prometheus' text format, and sshsm_up is always there") {
  const std::string text = metrics_of(busy());
  CHECK(text.find("# HELP sshsm_up Whether there is a line to the host.\n# TYPE sshsm_up gauge\n"
                  "sshsm_up{destination=\"friend\"} 1\n") == 0);
  CHECK(text.find("# HELP sshsm_messages_accepted_total Messages that the mail server there "
                  "accepted.\n# TYPE sshsm_messages_accepted_total counter\n"
                  "sshsm_messages_accepted_total{destination=\"friend\"} 60\n") !=
        std::string::npos);
  CHECK(text.find("\nsshsm_round_trip_seconds{destination=\"friend\"} 0.012345\n") !=
        std::string::npos);
  CHECK(text.ends_with("sshsm_last_failure_seconds{destination=\"friend\"} 1700000090\n"));

  const std::string quiet = metrics_of(new_one());
  CHECK(quiet.find("sshsm_up{destination=\"friend\"} 0\n") != std::string::npos);
  CHECK(quiet.find("sshsm_dials_total{destination=\"friend\"} 0\n") != std::string::npos);
  CHECK(quiet.find("round_trip") == std::string::npos);
  CHECK(quiet.find("last_failure") == std::string::npos);
}

}  // namespace sshsm::keeper
