#include "encounter.h"
#include "smtp/server.h"

#include <doctest/doctest.h>

namespace sshsm::smtp {
namespace {

/// Gives the line, with what has passed on it.
CutLine run_encounter(unsigned seed, Chances chances, Tally& tally) {
  Choices random(seed);
  const Protocol protocol = seed % 2 == 0 ? Protocol::lmtp : Protocol::smtp;
  RandomCaller caller(random, true, protocol);
  Server server({protocol, 1 + random() % 3, false, protocol == Protocol::smtp},
                {"here.example", "friend", "mx.friend.example"});
  Encounter encounter(random, chances, caller, server, StrictServer::Peer::server);
  encounter.run(tally);
  return encounter.line();
}

Tally run_encounters(unsigned count, Chances chances) {
  Tally tally;
  for (unsigned seed = 0; seed < count; ++seed) {
    CAPTURE(seed);
    run_encounter(seed, chances, tally);
  }
  return tally;
}

}  // namespace

TEST_CASE("by SMTP and LMTP to servers that take all, every message arrives as written, once") {
  const Tally tally = run_encounters(800, {});
  CHECK(tally.accepted > 800);
  CHECK(tally.others == 0);
  CHECK(tally.successes > 400);
  CHECK(tally.channels > 1000);
}

TEST_CASE("each caller was told what became of the message") {
  for (const unsigned trouble : {20U, 100U, 400U}) {
    CAPTURE(trouble);
    const Tally tally = run_encounters(1000, {.trouble = trouble});
    CHECK(tally.accepted > 0);
    CHECK(tally.others > 0);
    CHECK(tally.successes > 0);
  }
}

TEST_CASE("the same where lines break and channels end at any moment") {
  const Tally broken = run_encounters(1000, {.trouble = 30, .breaks = 20});
  CHECK(broken.accepted > 0);
  CHECK(broken.others > 0);
  CHECK(broken.doubts > 0);
  const Tally ended = run_encounters(1000, {.trouble = 10, .ends = 40});
  CHECK(ended.accepted > 0);
  CHECK(ended.others > 0);
  CHECK(ended.successes > 0);
}

TEST_CASE("the same where the line is cut behind any single octet of either direction") {
  Tally tally;
  for (unsigned seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    Tally of_whole;
    cut_everywhere(run_encounter(seed, {}, of_whole), [&](Cut cut) {
      CAPTURE(cut.octet);
      run_encounter(seed, {.cut = cut}, tally);
    });
  }
  CHECK(tally.accepted > 1000);
  CHECK(tally.others > 10000);
  CHECK(tally.doubts > 1000);
}

}  // namespace sshsm::smtp
