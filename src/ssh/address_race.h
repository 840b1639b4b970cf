#pragma once

#include "base/deadline.h"
#include "base/descriptor.h"
#include "config/destination.h"

#include <cstddef>
#include <string>
#include <vector>

namespace sshsm::ssh {

/// What to connect to, and which of its addresses not to use.
struct RaceCourse {
  std::string host;
  std::uint16_t port = 22;
  config::AddressFamily family = config::AddressFamily::any;
  std::string bind_address;           ///< numeric, or empty
  std::vector<std::string> left_out;  ///< numeric addresses
};

/// The first address that took the connection.
struct RaceWinner {
  base::Descriptor connection;  ///< non-blocking
  std::string address;          ///< numeric
  std::size_t others =
      0;  ///< addresses of the host that may take one, too: not left out, not failed
  std::string failures = {};  ///< of the other addresses, each with its reason; or empty
};

/// The numeric addresses of the host, in the order in which they would be tried. Blocks like
/// `run_address_race`. Throws `Failure` name_unknown or name_lookup_failed.
[[nodiscard]] std::vector<std::string> look_up_addresses(const RaceCourse& course);

/// Resolves the name and connects to all its addresses, one more every 250 ms or as soon as one
/// fails (RFC 8305), until one answers. Blocks; runs in the dialler alone. Throws `Failure`
/// name_unknown, name_lookup_failed, connection_failed or connection_timed_out.
[[nodiscard]] RaceWinner run_address_race(const RaceCourse& course, base::Deadline deadline);

}  // namespace sshsm::ssh
