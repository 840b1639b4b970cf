#include "keeper/lifetime.h"

#include <doctest/doctest.h>

namespace sshsm::keeper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Lifetime::Settings settings{seconds(10), seconds(25), false};

}  // namespace

TEST_CASE("the line stays up for the linger and a random part of the jitter") {
  const auto now = base::Clock::now();
  CHECK(Lifetime().note_no_clients(settings, now, 0) == milliseconds(10000));
  CHECK(Lifetime().note_no_clients(settings, now, 1) == milliseconds(35000));
  Lifetime lifetime;
  CHECK(lifetime.note_no_clients(settings, now, 0.5) == milliseconds(22500));
  CHECK(lifetime.end().time() == now + milliseconds(22500));
}

TEST_CASE("the time runs from the last client on, however often it is looked at") {
  const auto now = base::Clock::now();
  Lifetime lifetime;
  CHECK(lifetime.note_no_clients(settings, now, 0) == milliseconds(10000));
  CHECK(lifetime.note_no_clients(settings, now + seconds(4), 1) == milliseconds(6000));
  lifetime.note_clients();
  CHECK(lifetime.end().time() == base::Clock::time_point::max());
  CHECK(lifetime.note_no_clients(settings, now + seconds(5), 0) == milliseconds(10000));
}

TEST_CASE("a persistent line has no end") {
  Lifetime lifetime;
  const auto now = base::Clock::now();
  static_cast<void>(lifetime.note_no_clients(settings, now, 0));
  static_cast<void>(lifetime.note_no_clients({seconds(0), seconds(0), true}, now, 0));
  CHECK(lifetime.end().time() == base::Clock::time_point::max());
}

}  // namespace sshsm::keeper
