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
#include <span>
#include <string>

namespace sshsm::ssh {

/// What connecting has found out so far: also of one that failed half way, for the log.
struct Progress {
  std::string host;     ///< in hand or tried last, as it is configured; empty before the first
  std::string address;  ///< of that host, numeric; empty before a connection
  bool has_banner = false;
  base::Clock::time_point banner_at{};
  bool is_host_proved = false;
  bool is_logged_in = false;
};

/// What a connection is made from. All of it outlives the call.
struct Means {
  const config::Destination& destination;
  /// Of each host of the destination, in the same order, so that the key of one never proves
  /// another. A host whose pins are empty is not dialled.
  std::span<const trust::Pins> pins;
  Dialler& dialler;
  base::Waiter& waiter;
  base::Trace& trace;
};

/// An authenticated SSH connection to the first host that gave an SSH banner, if it could prove its
/// key. Only a host that gave none is followed by the next one.
///
/// The order is the safety: banner, handshake, verdict on the host key, and only then a signature
/// with our key. The private key is gone when this returns.
/// `deadline` is for all of it; connect-timeout limits the time of each host to its banner.
/// `progress` is kept up to date while it goes on. Throws the failures of the dialler and the
/// session, and no_banner; the detail tells what became of the other hosts that were tried or had
/// no pin.
[[nodiscard]] std::unique_ptr<Session> connect(const Means& means, ClientKey key,
                                               base::Deadline deadline, Progress& progress);

}  // namespace sshsm::ssh
