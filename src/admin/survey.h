#pragma once

#include "admin/place.h"
#include "config/destination.h"
#include "trust/host_key.h"

#include <cstddef>
#include <string>
#include <vector>

namespace sshsm::admin {

/// All that is known here of one key and one host.
struct KeyFact {
  std::size_t host_index = 0;
  trust::HostKey key;
  bool is_pinned = false;   ///< by `host-key` or a known_hosts file, and not revoked
  bool is_offered = false;  ///< the host has shown it just now
  bool is_revoked = false;  ///< by a known_hosts file
};

struct Survey {
  std::vector<KeyFact> keys;  ///< of each host in turn: pinned and revoked ones, then the rest
  /// Why a host could not be asked: `HOST: sentence`. Printable.
  std::vector<std::string> faults;
};

/// Whether the hosts are asked, or only what lies in our files.
enum class Reach { files, hosts };

/// Reads known_hosts, and asks each host for its keys, as the mail user and in the sandbox. A host
/// that cannot be asked is no failure. Throws the causes of known_hosts files, and
/// configuration_invalid for a bad `host-key`.
[[nodiscard]] Survey survey(const Place& place, const config::Destination& destination,
                            Reach reach);

/// One record of the child, which may be a peer's puppet: a host of ours, flags that we know, a
/// whole key. Throws `Failure` internal_error. For `survey` and its tests.
void take_record(std::string_view record, std::size_t host_count, Survey& survey);

}  // namespace sshsm::admin
