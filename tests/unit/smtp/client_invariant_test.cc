#include "client_encounter.h"

#include <doctest/doctest.h>

namespace sshsm::smtp {
namespace {

struct Tally {
  std::size_t accepted = 0;
  std::size_t others = 0;
};

Tally run_encounters(unsigned count, unsigned trouble, unsigned breaks) {
  Tally tally;
  for (unsigned seed = 0; seed < count; ++seed) {
    CAPTURE(seed);
    Choices random(seed);
    ClientEncounter encounter(random, trouble, breaks);
    encounter.run();
    tally.accepted += encounter.accepted();
    tally.others += encounter.others();
  }
  return tally;
}

}  // namespace

TEST_CASE("with a server that takes all, every message is accepted, whole and once") {
  const Tally tally = run_encounters(500, 0, 0);
  CHECK(tally.accepted > 500);
  CHECK(tally.others == 0);
}

TEST_CASE("accepted means delivered to all, refused to nobody, whatever a server answers") {
  for (const unsigned trouble : {20U, 100U, 400U}) {
    const Tally tally = run_encounters(1500, trouble, 0);
    CHECK(tally.accepted > 0);
    CHECK(tally.others > 0);
  }
}

TEST_CASE("the same where the line breaks, and delivered but not accepted is told as possible") {
  const Tally tally = run_encounters(1500, 50, 20);
  CHECK(tally.accepted > 0);
  CHECK(tally.others > 0);
}

TEST_CASE("the same where the line is cut behind any single octet of either direction") {
  std::size_t accepted = 0;
  std::size_t others = 0;
  for (unsigned seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    Choices random(seed);
    ClientEncounter whole(random, 0, 0);
    whole.run();
    cut_everywhere(whole.line(), [&](Cut cut) {
      CAPTURE(cut.octet);
      Choices same(seed);
      ClientEncounter encounter(same, 0, 0, cut);
      encounter.run();
      accepted += encounter.accepted();
      others += encounter.others();
    });
  }
  CHECK(accepted > 1000);
  CHECK(others > 10000);
}

}  // namespace sshsm::smtp
