#pragma once

#include "base/descriptor.h"
#include "base/log.h"

#include <string_view>

namespace sshsm::keeper {

/// The log daemon's socket, opened again when the daemon was started again.
class LogDaemon {
 public:
  /// A line in the daemon's own format. Lost where nobody takes it.
  void hand_on(std::string_view line);

 private:
  base::Descriptor socket_ = base::connect_to_log_daemon();
};

}  // namespace sshsm::keeper
