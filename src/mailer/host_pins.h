#pragma once

#include "config/destination.h"
#include "trust/pins.h"

#include <span>
#include <string>
#include <vector>

namespace sshsm::mailer {

/// The pins of each host, in the order of `destination.hosts`; some may be empty. Each host is
/// looked up by itself, so that no line for one proves another; `host-key` settings, and
/// host-key-alias as the name looked up, cover them all. Throws `Failure` host_key_unpinned or
/// host_key_revoked where no host has a pin that holds, and configuration_invalid for a bad pin.
[[nodiscard]] std::vector<trust::Pins> pins_of_hosts(const config::Destination& destination,
                                                     std::span<const trust::KnownHostsFile> files);

/// The remarks about all of them, each once: one line may name several hosts.
[[nodiscard]] std::vector<std::string> remarks_of(std::span<const trust::Pins> pins);

}  // namespace sshsm::mailer
