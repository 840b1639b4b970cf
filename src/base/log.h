#pragma once

#include <string>
#include <string_view>

namespace sshsm::base {

/// Connects to syslog (facility mail) at once, with the time zone read, because after the sandbox
/// is up no file and no socket can be opened any more.
void open_log(const char* program);

/// One line at a level of syslog.h. The text is printable already.
void log_line(int level, const std::string& text);

}  // namespace sshsm::base
