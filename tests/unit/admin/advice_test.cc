#include "admin/advice.h"

#include "admin/steps.h"
#include "base/causes.h"

#include <doctest/doctest.h>

#include <string>

using namespace sshsm::admin;
using sshsm::base::Cause;

TEST_CASE("the remedy is the step's own where there is one, else that of the table of causes") {
  CHECK(remedy_of("greeting", Cause::text_before_greeting, "friend") ==
        "let no start-up file of the shell there print (.bashrc, .profile, /etc/profile), or give "
        "the account /bin/sh");
  CHECK(remedy_of("host key", Cause::host_key_changed, "friend") ==
        "if the change is genuine, pin the new key: sshsmctl trust --replace friend");
  CHECK(remedy_of("EHLO", Cause::connection_lost, "friend") ==
        "look at the logs of that host and at firewalls on the way: the connection broke at this "
        "step");
}

TEST_CASE("every failure has a remedy at every step but for what check never meets") {
  for (const Step& step : all_steps())
    for (const auto& row : sshsm::base::all_causes()) {
      CAPTURE(row.name);
      if (row.cause != Cause::batch_unreadable)
        CHECK_FALSE(remedy_of(step.name, row.cause, "friend").empty());
    }
}
