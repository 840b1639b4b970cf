#pragma once

#include "admin/place.h"
#include "config/destination.h"

#include <string>

namespace sshsm::admin {

/// One friend's configuration as it lies there now.
struct OwnFiles {
  config::ConfigText own;  ///< DEST.conf
  config::Destination destination;
};

/// Reads DEST.conf and sshsm.conf as the mail user, under the mailer's rules. Throws the
/// configuration causes.
[[nodiscard]] OwnFiles read_own_files(const Place& place, const std::string& name);

}  // namespace sshsm::admin
