#include "base/log.h"

#include <syslog.h>
#include <time.h>

namespace sshsm::base {

void open_log(const char* program) {
  tzset();
  openlog(program, LOG_PID | LOG_NDELAY, LOG_MAIL);
}

void log_line(int level, const std::string& text) {
  syslog(level, "%s", text.c_str());
}

}  // namespace sshsm::base
