#include "keeper/backoff.h"

#include <doctest/doctest.h>

#include <vector>

namespace sshsm::keeper {
namespace {

using base::Cause;
using base::Failure;
using std::chrono::milliseconds;
using std::chrono::seconds;

}  // namespace

TEST_CASE("before any failure there is nothing to wait for") {
  const Backoff backoff;
  CHECK(backoff.reason_to_wait(base::Clock::now()) == nullptr);
}

TEST_CASE("a failure is told until its pause is over") {
  Backoff backoff;
  const auto now = base::Clock::now();
  backoff.note_failure(Failure(Cause::connection_failed, "port 22"), now, 0);
  REQUIRE(backoff.reason_to_wait(now) != nullptr);
  CHECK(backoff.reason_to_wait(now)->detail() == "port 22");
  CHECK(backoff.reason_to_wait(now + milliseconds(1999)) != nullptr);
  CHECK(backoff.reason_to_wait(now + milliseconds(2000)) == nullptr);
}

TEST_CASE("each failure doubles the pause, up to a minute") {
  Backoff backoff;
  const auto now = base::Clock::now();
  std::vector<long> pauses;
  for (int i = 0; i < 7; ++i) {
    backoff.note_failure(Failure(Cause::connection_failed), now, 0);
    pauses.push_back(std::chrono::duration_cast<seconds>(backoff.end() - now).count());
  }
  CHECK(pauses == std::vector<long>{2, 4, 8, 16, 32, 60, 60});
}

TEST_CASE("the random part takes up to half of a pause away") {
  const auto now = base::Clock::now();
  Backoff backoff;
  backoff.note_failure(Failure(Cause::connection_failed), now, 1);
  CHECK(backoff.end() == now + seconds(1));
  backoff.note_failure(Failure(Cause::connection_failed), now, 0.5);
  CHECK(backoff.end() == now + seconds(3));
}

TEST_CASE("what went well, or has changed, begins anew") {
  Backoff backoff;
  const auto now = base::Clock::now();
  backoff.note_failure(Failure(Cause::connection_failed), now, 0);
  backoff.note_failure(Failure(Cause::connection_failed), now, 0);
  backoff.reset();
  CHECK(backoff.reason_to_wait(now) == nullptr);
  backoff.note_failure(Failure(Cause::connection_failed), now, 0);
  CHECK(backoff.end() == now + seconds(2));
}

}  // namespace sshsm::keeper
