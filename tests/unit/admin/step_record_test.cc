#include "admin/step_record.h"

#include "base/failure.h"

#include <doctest/doctest.h>

#include <string>

using namespace sshsm::admin;
using sshsm::base::Failure;
using sshsm::base::Milliseconds;

namespace {

constexpr std::size_t step_count = 17;

StepRecord sample() {
  return {3,
          "mx",
          {.seen = "no connection in time",
           .fault = Fault{"connection-timed-out", "4.4.1 …", "remedy"}},
          Milliseconds(1500)};
}

StepRecord read(const std::string& text) {
  return read_record(text, step_count);
}

std::string record(const std::string& index, const std::string& took,
                   const std::string& seen = "seen") {
  const std::string null(1, '\0');
  return index + null + took + null + "mx" + null + seen + null + null + null;
}

}  // namespace

TEST_CASE("what is told of a step is read back") {
  StepRecord told = sample();
  told.finding.fault->sentence = "4.4.1 sshsm: friend";
  const StepRecord heard = read(write_record(told));
  CHECK(heard.index == 3);
  CHECK(heard.host == "mx");
  CHECK(heard.took == Milliseconds(1500));
  CHECK(heard.finding.seen == "no connection in time");
  REQUIRE(heard.finding.fault);
  CHECK(heard.finding.fault->cause == "connection-timed-out");
  CHECK(heard.finding.fault->sentence == "4.4.1 sshsm: friend");
  CHECK(heard.finding.fault->remedy == "remedy");
}

TEST_CASE("a step that is well has no fault when it is read back") {
  CHECK_FALSE(read(record("0", "1")).finding.fault);
}

TEST_CASE("a process that the peer has taken over cannot write to the terminal through a record") {
  const StepRecord heard = read(record("0", "1", "\x1b[2J\n\xff"));
  CHECK(heard.finding.seen == "\\x1b[2J\\x0a\\xff");
  const std::string flood(StepRecord::max_text + 1, 'x');
  CHECK(read(record("0", "1", flood)).finding.seen.size() == StepRecord::max_text);
}

TEST_CASE("a step that is none, a time that is none and missing or left-over fields are refused") {
  CHECK_NOTHROW(read(record("16", "86400000")));
  CHECK_THROWS_AS(read(record("17", "1")), Failure);
  CHECK_THROWS_AS(read(record("-1", "1")), Failure);
  CHECK_THROWS_AS(read(record("0", "86400001")), Failure);
  CHECK_THROWS_AS(read(record("0", "")), Failure);
  CHECK_THROWS_AS(read(""), Failure);
  CHECK_THROWS_AS(read(record("0", "1") + std::string(1, '\0')), Failure);
  const std::string whole = record("0", "1");
  CHECK_THROWS_AS(read(whole.substr(0, whole.size() - 1)), Failure);
}
