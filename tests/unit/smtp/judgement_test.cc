#include "smtp/judgement.h"

#include <doctest/doctest.h>

#include <set>

namespace sshsm::smtp {

TEST_CASE("every code has one fate") {
  const std::set<int> mistakes_of_ours{500, 501, 502, 503, 504, 530, 535, 555};
  for (int code = 400; code < 500; ++code) CHECK(fate_of_refusal({code, {}}) == Fate::deferred);
  for (int code = 500; code < 600; ++code) {
    CAPTURE(code);
    CHECK((fate_of_refusal({code, {}}) == Fate::deferred) == mistakes_of_ours.contains(code));
  }
}

TEST_CASE("each phase has its name in the log") {
  CHECK(name_of(Phase::greeting) == "greeting");
  CHECK(name_of(Phase::hello) == "hello");
  CHECK(name_of(Phase::envelope) == "envelope");
  CHECK(name_of(Phase::data) == "data");
  CHECK(name_of(Phase::dot) == "dot");
}

TEST_CASE("a failure's code is always of class 4") {
  MessageOutcome outcome;
  outcome.recipients.resize(1);
  settle_by_failure(outcome, Phase::dot, base::Failure(base::Cause::maybe_delivered));
  CHECK(outcome.failure.value().cause() == base::Cause::maybe_delivered);
  CHECK(outcome.recipients[0].code == "4.4.2");
}

}  // namespace sshsm::smtp
