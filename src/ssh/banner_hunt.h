#pragma once

#include "base/deadline.h"
#include "base/descriptor.h"
#include "ssh/connection.h"

#include <cstddef>

namespace sshsm::ssh {

/// A connection to this host on which its SSH banner waits. `deadline` is for all its addresses.
///
/// An address that connects and gives no banner is left out of the next try, so that the others
/// have theirs. Where none of them gives one and some closed or reset the connection, which is what
/// sshd does beyond MaxStartups, those get a second try after a random pause, which takes no more
/// than half of the time that is left. That is once for each host: once for the whole list would
/// let a crowded first host use up what a crowded second one needs.
///
/// A proxy-command counts as the one address of its host, whatever it connects to.
///
/// `progress.address` is the address last connected to. Throws `Failure` no_banner,
/// proxy_failed and the failures of the dialler.
[[nodiscard]] base::Descriptor hunt_for_banner(const Means& means, std::size_t host_index,
                                               base::Deadline deadline, Progress& progress);

}  // namespace sshsm::ssh
