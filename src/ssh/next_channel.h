#pragma once

#include "base/deadline.h"
#include "base/waiter.h"
#include "config/destination.h"
#include "ssh/channel.h"
#include "ssh/session.h"

#include <memory>

namespace sshsm::ssh {

/// A channel in the place of one that was just closed. A host that allows one at a time
/// (`MaxSessions 1`) refuses it until it has noticed the end of the old one, so it is tried a few
/// times, for 1.5 s. Throws the failures of `Channel`.
[[nodiscard]] std::unique_ptr<Channel> open_next_channel(Session& session,
                                                         const config::Destination& destination,
                                                         base::Deadline deadline,
                                                         base::Waiter& waiter);

}  // namespace sshsm::ssh
