#include "ssh/next_channel.h"

#include "base/failure.h"

#include <array>

namespace sshsm::ssh {
namespace {

/// sshd counts a session until its command has ended, which takes the mail server a moment behind
/// the end of its input.
constexpr std::array<base::Milliseconds, 4> pauses{base::Milliseconds(50), base::Milliseconds(150),
                                                   base::Milliseconds(300),
                                                   base::Milliseconds(1000)};

}  // namespace

std::unique_ptr<Channel> open_next_channel(Session& session, const config::Destination& destination,
                                           base::Deadline deadline, base::Waiter& waiter) {
  for (const base::Milliseconds pause : pauses) {
    try {
      return std::make_unique<Channel>(session, destination, deadline, waiter);
    } catch (const base::Failure& failure) {
      if (failure.cause() != base::Cause::channel_refused) throw;
    }
    static_cast<void>(waiter.wait(-1, 0, earlier(base::Deadline::after(pause), deadline)));
  }
  return std::make_unique<Channel>(session, destination, deadline, waiter);
}

}  // namespace sshsm::ssh
