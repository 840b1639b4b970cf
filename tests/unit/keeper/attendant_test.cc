#include "keeper/attendant.h"

#include "base/failure.h"
#include "directory.h"

#include <doctest/doctest.h>
#include <poll.h>

namespace sshsm::keeper {
namespace {

using base::Cause;
using base::Failure;

/// Waits for nothing the first time, as where the time is up.
class Impatient final : public base::Waiter {
 public:
  short wait(int descriptor, short events, base::Deadline deadline) override {
    if (!std::exchange(has_given_up_, true)) return 0;
    return plain_.wait(descriptor, events, deadline);
  }

 private:
  bool has_given_up_ = false;
  base::PlainWaiter plain_;
};

Failure failure_of_load(Attendant& attendant, base::Waiter& waiter) {
  try {
    static_cast<void>(attendant.load(waiter));
  } catch (const Failure& failure) {
    return failure;
  }
  return Failure(Cause::stopped);
}

TEST_CASE("an answer that came too late is not taken for the answer to the next request") {
  const Directory directory;
  Attendant attendant({directory.path, "friend", privilege::current_caller(), "here.example", {}},
                      {});
  Impatient waiter;
  const Failure given_up = failure_of_load(attendant, waiter);
  CHECK(given_up.cause() == Cause::answer_timed_out);
  CHECK(given_up.detail() == "the keeper's attendant");
  // The request that nobody waited for is answered by now: there is no such file.
  static_cast<void>(poll(nullptr, 0, 200));
  directory.make_file("friend.conf");
  CHECK(failure_of_load(attendant, waiter).cause() != Cause::configuration_missing);
  unlink(directory.of("friend.conf").c_str());
  CHECK(failure_of_load(attendant, waiter).cause() == Cause::configuration_missing);
}

}  // namespace
}  // namespace sshsm::keeper
