#pragma once

#include "base/deadline.h"
#include "base/waiter.h"
#include "config/destination.h"
#include "ssh/session.h"

namespace sshsm::ssh {

/// Asks the host to connect to `address` for us (direct-tcpip, RFC 4254 7.2), for the answer alone:
/// a channel that it opens is closed at once. True where it was willing, also where nothing listens
/// there; false where it may not. Throws `Failure` connection_lost and answer_timed_out.
[[nodiscard]] bool may_connect_to(Session& session, const config::SmtpAddress& address,
                                  base::Deadline deadline, base::Waiter& waiter);

/// Asks the host to listen on a port of its loopback, any one, and to pass connections to us
/// (tcpip-forward, RFC 4254 7.1). True where it does; it ends with the session. Throws `Failure`
/// connection_lost and answer_timed_out.
[[nodiscard]] bool may_listen(Session& session, base::Deadline deadline, base::Waiter& waiter);

}  // namespace sshsm::ssh
