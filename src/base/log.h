#pragma once

#include "base/descriptor.h"
#include "base/patience.h"

#include <string>
#include <string_view>
#include <utility>

namespace sshsm::base {

/// Connects to the log daemon's socket; none where nobody listens. Does not block when written to.
[[nodiscard]] Descriptor connect_to_log_daemon(std::string_view path = "/dev/log");

/// Lines for syslog, facility mail. Not syslog(3): that blocks for ever where the log daemon has
/// stopped reading, also after the mail was accepted, and the mail server would send it again.
class Log {
 public:
  /// A silent one.
  Log() = default;
  /// Connects to the log daemon's socket at once and reads the time zone, because after the sandbox
  /// is up no file can be opened and no socket made any more. Where nobody listens it is a silent
  /// one.
  explicit Log(std::string program, std::string_view path = "/dev/log");

  /// What the daemon does not take at once goes to `reserve`, whose reader hands it on: for a
  /// program that cannot connect again when the daemon was started again. It keeps the borders of
  /// messages.
  void set_reserve(Descriptor reserve) { reserve_ = std::move(reserve); }

  /// One line at a level of syslog.h. The text is printable already.
  void write(int level, std::string_view text);

 private:
  static constexpr Milliseconds max_patience{1000};

  std::string program_;
  Descriptor socket_;
  Descriptor reserve_;
  Patience patience_{max_patience};
};

}  // namespace sshsm::base
