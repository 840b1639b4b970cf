#include "ssh/kex_listener.h"

#include <libssh/callbacks.h>
#include <libssh/libssh.h>

#include <string_view>

namespace sshsm::ssh {

KexListener::KexListener() {
  ssh_set_log_callback(on_log);
  ssh_set_log_userdata(this);
  ssh_set_log_level(SSH_LOG_TRACE);
}

KexListener::~KexListener() {
  ssh_set_log_level(SSH_LOG_NONE);
  ssh_set_log_userdata(nullptr);
}

void KexListener::on_log(int, const char*, const char* text, void* self) {
  const std::string_view line(text);
  const std::size_t start = line.find("kex error");
  if (start == std::string_view::npos || self == nullptr) return;
  static_cast<KexListener*>(self)->reason_ = line.substr(start);
}

}  // namespace sshsm::ssh
