#include "base/waiter.h"

#include <poll.h>

namespace sshsm::base {

short PlainWaiter::wait(int descriptor, short events, Deadline deadline) {
  pollfd watched{descriptor, events, 0};
  do {
    if (poll(&watched, 1, deadline.poll_timeout()) > 0) return watched.revents;
  } while (!deadline.passed());
  return 0;
}

}  // namespace sshsm::base
