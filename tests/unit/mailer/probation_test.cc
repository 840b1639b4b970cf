#include "mailer/probation.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <thread>

using sshsm::mailer::Probation;
using Verdict = Probation::Verdict;

namespace {

/// Somebody who was greeted and has said nothing yet.
Probation greeted() {
  Probation probation;
  CHECK(probation.may_pass("", false) == 0);
  CHECK(probation.may_tell("", false));
  CHECK(probation.verdict() == Verdict::open);
  return probation;
}

Verdict verdict_on(std::string_view first, bool has_ended = false) {
  Probation probation = greeted();
  const std::size_t passed = probation.may_pass(first, has_ended);
  CHECK(probation.passed() == first.substr(0, passed));
  return probation.verdict();
}

void wait_for_end_of_hold(const Probation& probation) {
  std::this_thread::sleep_until(probation.end_of_hold().time());
}

}  // namespace

TEST_CASE("whoever says something before the greeting writes a batch") {
  Probation early;
  CHECK(early.may_pass("E", false) == 0);
  CHECK(early.verdict() == Verdict::writes);

  Probation in_the_last_moment;
  CHECK(in_the_last_moment.may_pass("", false) == 0);
  CHECK_FALSE(in_the_last_moment.may_tell("E", false));
  CHECK(in_the_last_moment.verdict() == Verdict::writes);

  Probation ended;
  CHECK_FALSE(ended.may_tell("", true));
  CHECK(ended.verdict() == Verdict::writes);
}

TEST_CASE("only six commands open a conversation, in whatever case and with either line end") {
  for (const char* const first :
       {"HELO a\r\n", "EHLO a\n", "noop\n", "Rset\r\n", "HELP\r\n", "QUIT\n"})
    CHECK(verdict_on(first) == Verdict::open);
  for (const char* const first :
       {"MAIL FROM:<a@a>\r\n", "RCPT TO:<b@b>\n", "DATA\r\n", "VRFY a\r\n", "STARTTLS\r\n",
        "EHLOX\r\n", "\r\n", "Subject: x\n"})
    CHECK(verdict_on(first) == Verdict::writes);
}

TEST_CASE("a first line that has not ended is waited for, up to the length of a command") {
  CHECK(verdict_on("EHL") == Verdict::open);
  CHECK(verdict_on("EHL", true) == Verdict::writes);
  CHECK(verdict_on(std::string(4096, 'x')) == Verdict::open);
  CHECK(verdict_on(std::string(4097, 'x')) == Verdict::writes);
}

TEST_CASE("whoever says more behind the first command, before its answer, writes a batch") {
  CHECK(verdict_on("EHLO a\r\nM") == Verdict::writes);

  Probation probation = greeted();
  CHECK(probation.may_pass("EHLO a\r\n", false) == 8);
  CHECK(probation.passed() == "EHLO a\r\n");
  CHECK(probation.may_pass("M", false) == 0);
  CHECK(probation.verdict() == Verdict::writes);
}

TEST_CASE("the first answer is held back long enough for a writer to go on") {
  Probation writer = greeted();
  CHECK(writer.may_pass("EHLO a\r\n", false) == 8);
  CHECK(writer.is_holding_back());
  CHECK_FALSE(writer.may_tell("", false));
  CHECK(writer.verdict() == Verdict::open);
  wait_for_end_of_hold(writer);
  CHECK_FALSE(writer.may_tell("M", false));
  CHECK(writer.verdict() == Verdict::writes);

  Probation listener = greeted();
  CHECK(listener.may_pass("EHLO a\r\n", false) == 8);
  wait_for_end_of_hold(listener);
  CHECK(listener.may_tell("", false));
  CHECK(listener.verdict() == Verdict::speaks);
  CHECK_FALSE(listener.is_holding_back());
  CHECK(listener.may_pass("MAIL FROM:<a@a>\r\n", false) == 17);
}
