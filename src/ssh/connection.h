#pragma once

#include "base/deadline.h"
#include "base/descriptor.h"
#include "base/trace.h"
#include "base/waiter.h"
#include "config/destination.h"
#include "ssh/channel.h"
#include "ssh/client_key.h"
#include "ssh/dialler.h"
#include "ssh/session.h"
#include "ssh/unreached_hosts.h"
#include "trust/pins.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace sshsm::ssh {

/// What connecting has found out so far: also of one that failed half way, for the log.
struct Progress {
  std::string host;     ///< in hand or tried last, as it is configured; empty before the first
  std::string address;  ///< of that host, numeric; empty before a connection
  base::Clock::time_point connected_at{};  ///< to that address
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

/// The way to an authenticated SSH connection in its stages, each of them once and in this order:
/// `connect` goes all of it at once, and whoever explains it to a person pauses between them.
///
/// The order is the safety: banner, handshake, verdict on the host key, and only then a signature
/// with our key. From the first byte of the banner on there is no other host: that one proves
/// itself or fails.
class Approach {
 public:
  /// `deadline` is for all of it; connect-timeout limits the time of each host to its banner.
  /// `progress` is kept up to date while it goes on, and outlives this.
  Approach(const Means& means, base::Deadline deadline, Progress& progress);

  /// Connects to the first host that gives an SSH banner. Throws the failures of the dialler, and
  /// no_banner; the detail tells what became of the other hosts that were tried or had no pin, as
  /// it does in the failures of the stages to come.
  void reach();
  /// What the host's SSH server calls itself: the line that waits on the connection, as far as it
  /// is there. As it came.
  [[nodiscard]] std::string peek_at_banner() const;
  /// Exchanges keys; returns the name of the host key, which is pinned. Throws the failures of
  /// `Session::shake_hands` and `Session::check_host_key`.
  std::string prove_host();
  /// Throws the failures of `Session::log_in`.
  [[nodiscard]] std::unique_ptr<Session> log_in(const ClientKey& key);

 private:
  base::Descriptor reach(std::size_t index);
  [[nodiscard]] base::Failure explained(const base::Failure& failure) const;
  base::Descriptor dial(std::size_t index, const std::string& host);
  [[nodiscard]] base::Deadline deadline_of(std::size_t index) const;
  [[nodiscard]] bool is_list() const { return means_.destination.hosts.size() > 1; }

  const Means& means_;
  base::Deadline deadline_;
  Progress& progress_;
  UnreachedHosts unreached_;
  std::size_t index_ = 0;  ///< of the host in hand
  base::Descriptor connection_;
  std::unique_ptr<Session> session_;
};

/// An authenticated SSH connection to the first host that gave an SSH banner, if it could prove its
/// key. Only a host that gave none is followed by the next one. The private key is gone when this
/// returns. Throws the failures of `Approach`.
[[nodiscard]] std::unique_ptr<Session> connect(const Means& means, ClientKey key,
                                               base::Deadline deadline, Progress& progress);

}  // namespace sshsm::ssh
