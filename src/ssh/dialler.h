#pragma once

#include "base/deadline.h"
#include "base/descriptor.h"
#include "base/waiter.h"
#include "config/destination.h"
#include "ssh/address_race.h"

#include <cstddef>
#include <string>
#include <vector>

namespace sshsm::ssh {

/// A child process, forked before the sandbox, that looks up names and connects on behalf of the
/// sandboxed parent and passes the connected descriptor back (unix(7), SCM_RIGHTS). It reads no
/// byte from the peer and ends with its parent.
///
/// It knows the destination from before the fork: a parent taken over by a hostile peer can ask for
/// the configured hosts again, and for nothing else.
class Dialler {
 public:
  /// Forks. Throws `Failure` resources_exhausted.
  explicit Dialler(const config::Destination& destination);
  Dialler(const Dialler&) = delete;
  Dialler& operator=(const Dialler&) = delete;
  /// The child sees the end of its socket and exits.
  ~Dialler() = default;

  static constexpr std::size_t max_left_out = 16;

  /// Connects to the host with this index. `deadline` covers the look-up and the connection.
  /// Throws the failures of `run_address_race`, and internal_error where the child died.
  [[nodiscard]] RaceWinner dial(std::size_t host_index, const std::vector<std::string>& left_out,
                                base::Deadline deadline, base::Waiter& waiter);

 private:
  std::vector<std::string> hosts_;
  base::Descriptor socket_;
};

}  // namespace sshsm::ssh
