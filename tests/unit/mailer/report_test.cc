#include "mailer/report.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace sshsm::mailer;
using sshsm::base::Cause;
using sshsm::base::ExitStatus;
using sshsm::base::Failure;
using sshsm::smtp::Fate;
using sshsm::smtp::MessageOutcome;

namespace {

MessageOutcome outcome(Fate fate, const std::string& code, const std::string& reason,
                       int recipients = 1) {
  MessageOutcome result;
  result.fate = fate;
  for (int i = 0; i < recipients; ++i)
    result.recipients.push_back(
        {"<bob" + std::to_string(i) + "@friend.example>", fate, code, reason, true});
  return result;
}

}  // namespace

TEST_CASE("nothing is said when everything was accepted") {
  Report report("myfriend", "mx.friend.example");
  report.add(outcome(Fate::accepted, "2.0.0", "250 2.0.0 queued"));
  CHECK(report.exit_status() == ExitStatus::accepted);
  CHECK(report.text().empty());
}

TEST_CASE("no message at all is no success") {
  CHECK(Report("myfriend", "host").exit_status() == ExitStatus::deferred);
}

TEST_CASE("a refused recipient has a line that begins with the code") {
  Report report("myfriend", "mx.friend.example");
  report.add(outcome(Fate::refused, "5.1.1", "550 5.1.1 no such \"user\"\x1b"));
  CHECK(report.exit_status() == ExitStatus::refused);
  CHECK(report.text() ==
        "5.1.1 sshsm: myfriend (mx.friend.example): the mail server refused "
        "<bob0@friend.example>: \"550 5.1.1 no such 'user'\\x1b\"\n");
}

TEST_CASE("what is said first is said once, and no other line pushes it out") {
  Report report("myfriend", "mx");
  for (int i = 0; i < 70; ++i) report.add(outcome(Fate::refused, "5.1.1", "550 5.1.1 no"));
  const Failure full(Cause::rest_unwritable, "why");
  report.begin_with(full);
  CHECK(report.exit_status() == ExitStatus::deferred);
  const std::string line =
      "4.3.0 sshsm: myfriend (mx): cannot keep the rest of the batch: why; take what is missing "
      "there from the batch\n";
  CHECK(report.text().starts_with(line));
  Report other("myfriend", "mx");
  other.add(full);
  other.begin_with(full);
  CHECK(other.text() == line);
}

TEST_CASE(
    "where the mail stays queued every line is of class 4, since Postfix believes the first") {
  Report report("myfriend", "mx");
  report.add(outcome(Fate::refused, "5.1.1", "550 5.1.1 no"));
  report.add(Failure(Cause::connection_lost));
  CHECK(report.exit_status() == ExitStatus::deferred);
  CHECK(report.text() ==
        "4.1.1 sshsm: myfriend (mx): the mail server refused <bob0@friend.example>: \"550 5.1.1 "
        "no\"\n"
        "4.4.2 sshsm: myfriend (mx): the connection was lost; the mail waits in the queue\n");
}

TEST_CASE("a message that no reply decided has one line for all its recipients") {
  Report report("myfriend", "mx");
  MessageOutcome lost = outcome(Fate::deferred, "4.4.2", {}, 3);
  lost.failure = Failure(Cause::no_greeting);
  report.add(lost);
  CHECK(report.text() ==
        "4.4.2 sshsm: myfriend (mx): no greeting from the mail server; check that the forced "
        "command is sendmail -bs; then try: sshsmctl check myfriend\n");
}

TEST_CASE("lines that nobody will see are only counted, whatever made them") {
  Report report("myfriend", "mx");
  MessageOutcome lost = outcome(Fate::deferred, "4.4.2", {}, 1);
  lost.failure = Failure(Cause::connection_lost);
  for (int i = 0; i < 500; ++i) report.add(lost);
  for (int i = 0; i < 500; ++i) report.add(Failure(Cause::connection_lost));
  const std::string text = report.text();
  const auto shown = std::count(text.begin(), text.end(), '\n') - 1;
  CHECK(text.ends_with("and " + std::to_string(1000 - shown) + " more\n"));
}

TEST_CASE("all words together stay below 2 KiB, and the rest is counted") {
  Report report("myfriend", "mx");
  report.add(outcome(Fate::refused, "5.1.1", std::string(300, 'x'), 1000));
  const std::string text = report.text();
  CHECK(text.size() <= Report::max_total);
  CHECK(std::count(text.begin(), text.end(), '\n') == 8);
  CHECK(text.ends_with("and 993 more\n"));
}
