#include "encounter.h"
#include "smtp/relay.h"

#include <doctest/doctest.h>

namespace sshsm::smtp {
namespace {

/// Gives the line, with what has passed on it.
CutLine run_encounter(unsigned seed, bool listens, Chances chances, Tally& tally) {
  Choices random(seed);
  RandomCaller caller(random, listens);
  Relay relay("friend", "mx.friend.example",
              listens ? Relay::Caller::listens : Relay::Caller::may_not_listen);
  Encounter encounter(random, chances, caller, relay, StrictServer::Peer::relay);
  encounter.run(tally);
  return encounter.line();
}

Tally run_encounters(unsigned count, bool listens, Chances chances) {
  Tally tally;
  for (unsigned seed = 0; seed < count; ++seed) {
    CAPTURE(seed);
    run_encounter(seed, listens, chances, tally);
  }
  return tally;
}

}  // namespace

TEST_CASE("through a relay to a server that takes all, every message arrives as written, once") {
  for (const bool listens : {true, false}) {
    CAPTURE(listens);
    const Tally tally = run_encounters(400, listens, {});
    CHECK(tally.accepted > 400);
    CHECK(tally.others == 0);
    CHECK(tally.successes > 200);
  }
}

TEST_CASE("what a caller was told is what became of it, whatever a server answers") {
  for (const bool listens : {true, false}) {
    for (const unsigned trouble : {20U, 100U, 400U}) {
      CAPTURE(listens);
      CAPTURE(trouble);
      const Tally tally = run_encounters(800, listens, {.trouble = trouble});
      CHECK(tally.accepted > 0);
      CHECK(tally.others > 0);
      CHECK(tally.successes > 0);
    }
  }
}

TEST_CASE("the same where the line breaks, and what may have been delivered is told as such") {
  for (const bool listens : {true, false}) {
    CAPTURE(listens);
    const Tally tally = run_encounters(800, listens, {.trouble = 30, .breaks = 20});
    CHECK(tally.accepted > 0);
    CHECK(tally.others > 0);
    CHECK(tally.successes > 0);
    CHECK(tally.doubts > 0);
  }
}

TEST_CASE("the same where the line is cut behind any single octet of either direction") {
  for (const bool listens : {true, false}) {
    CAPTURE(listens);
    Tally tally;
    for (unsigned seed = 0; seed < 20; ++seed) {
      CAPTURE(seed);
      Tally of_whole;
      cut_everywhere(run_encounter(seed, listens, {}, of_whole), [&](Cut cut) {
        CAPTURE(cut.octet);
        run_encounter(seed, listens, {.cut = cut}, tally);
      });
    }
    CHECK(tally.accepted > 1000);
    CHECK(tally.others > 10000);
    CHECK(tally.doubts > 300);
  }
}

}  // namespace sshsm::smtp
