#pragma once

#include "base/deadline.h"
#include "base/trace.h"
#include "base/waiter.h"
#include "config/destination.h"
#include "ssh/channel.h"
#include "ssh/client_key.h"
#include "ssh/dialler.h"
#include "ssh/session.h"
#include "trust/pins.h"

#include <memory>
#include <string>

namespace sshsm::ssh {

/// What connecting has found out so far: also of one that failed half way, for the log.
struct Progress {
  std::string address;  ///< numeric, or empty
  bool has_banner = false;
  base::Clock::time_point banner_at{};
  bool is_host_proved = false;
  bool is_logged_in = false;
};

/// What a connection is made from. All of it outlives the call.
struct Means {
  const config::Destination& destination;
  const trust::Pins& pins;
  Dialler& dialler;
  base::Waiter& waiter;
  base::Trace& trace;
};

/// An authenticated SSH connection to the one host that could prove its key.
///
/// The order is the safety: banner, handshake, verdict on the host key, and only then a signature
/// with our key. The private key is gone when this returns.
/// `deadline` is for all of it; connect-timeout limits the time to the banner. `progress` is kept
/// up to date while it goes on. Throws the failures of the dialler and the session, and no_banner.
[[nodiscard]] std::unique_ptr<Session> connect(const Means& means, ClientKey key,
                                               base::Deadline deadline, Progress& progress);

}  // namespace sshsm::ssh
