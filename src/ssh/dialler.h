#pragma once

#include "base/deadline.h"
#include "base/descriptor.h"
#include "base/waiter.h"
#include "config/destination.h"
#include "ssh/address_race.h"
#include "ssh/dial_service.h"
#include "ssh/proxy_process.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace sshsm::ssh {

/// A child process for each host, forked before the sandbox, that looks up its name and connects on
/// behalf of the sandboxed parent and passes the connected descriptor back (unix(7), SCM_RIGHTS).
/// It reads no byte from the peer and ends with its parent. Nothing interrupts a resolver that
/// hangs: with one child for all hosts, the first host's would keep the second from being tried.
///
/// Where there is a proxy-command, the child runs that instead, and passes back one end of a socket
/// pair.
///
/// It knows the destination from before the fork: a parent taken over by a hostile peer can ask for
/// the configured hosts again, and for nothing else.
class Dialler {
 public:
  /// Forks once for each host. Throws `Failure` resources_exhausted.
  explicit Dialler(const config::Destination& destination);
  /// Of children that another process forked with the first constructor: `sockets` are theirs, in
  /// the order of the hosts.
  Dialler(const config::Destination& destination, std::vector<base::Descriptor> sockets);
  Dialler(const Dialler&) = delete;
  Dialler& operator=(const Dialler&) = delete;
  /// The children see the end of their sockets and exit.
  ~Dialler() = default;

  static constexpr std::size_t max_left_out = 16;

  /// For the process that is to dial by it.
  [[nodiscard]] std::span<const base::Descriptor> sockets() const { return sockets_; }

  /// Connects to the host with this index. `deadline` covers the look-up and the connection.
  /// Throws the failures of `run_address_race` or of `ProxyProcess`, and internal_error where the
  /// child died. The proxy-command of an earlier connection to this host ends.
  [[nodiscard]] RaceWinner dial(std::size_t host_index, const std::vector<std::string>& left_out,
                                base::Deadline deadline, base::Waiter& waiter);

  /// The numeric addresses of the host with this index, in the order in which they would be tried
  /// (not all of a long list). Throws `Failure` name_unknown and name_lookup_failed, and
  /// internal_error where the child died.
  [[nodiscard]] std::vector<std::string> look_up(std::size_t host_index, base::Deadline deadline,
                                                 base::Waiter& waiter);

  /// What became of the proxy-command of this host. Throws `Failure` internal_error.
  [[nodiscard]] ProxyState proxy_state(std::size_t host_index, base::Waiter& waiter);

 private:
  DialAnswer ask(std::size_t host_index, const DialRequest& request, base::Deadline deadline,
                 base::Waiter& waiter, base::Descriptor& connection);
  void start_child(const config::Destination& destination, const std::string& host);
  [[noreturn]] void throw_overdue(std::size_t host_index) const;

  std::vector<std::string> hosts_;
  bool has_proxy_command_;
  std::vector<base::Descriptor> sockets_;  ///< in the order of the hosts
};

}  // namespace sshsm::ssh
