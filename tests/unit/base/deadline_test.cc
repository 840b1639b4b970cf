#include "base/deadline.h"

#include <doctest/doctest.h>

using namespace sshsm::base;

TEST_CASE("a deadline tells poll what is left: rounded up, nothing when passed, -1 for never") {
  CHECK(Deadline::never().poll_timeout() == -1);
  CHECK_FALSE(Deadline::never().passed());
  CHECK(Deadline::after(Milliseconds(0)).poll_timeout() == 0);
  CHECK(Deadline::after(Milliseconds(0)).passed());
  const int left = Deadline::after(Milliseconds(1000)).poll_timeout();
  CHECK(left <= 1000);
  CHECK(left > 900);
}

TEST_CASE("the earlier of two deadlines is the one that counts") {
  const Deadline soon = Deadline::after(Milliseconds(10));
  CHECK(earlier(soon, Deadline::never()).time() == soon.time());
  CHECK(earlier(Deadline::never(), soon).time() == soon.time());
}

TEST_CASE("a share of a deadline is the first of equal parts, and nothing of one that passed") {
  const auto before = Clock::now();
  const Deadline whole(before + Milliseconds(40000));
  CHECK(share_of(whole, 0).time() == whole.time());
  const auto quarter = share_of(whole, 3).time();
  CHECK(quarter >= before + Milliseconds(10000));
  CHECK(quarter < before + Milliseconds(20000));
  CHECK(share_of(Deadline(before - Milliseconds(1000)), 3).passed());
}
