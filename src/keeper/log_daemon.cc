#include "keeper/log_daemon.h"

#include <sys/socket.h>

#include <cerrno>

namespace sshsm::keeper {

void LogDaemon::hand_on(std::string_view line) {
  constexpr int max_tries = 2;
  for (int tries = 0; tries < max_tries; ++tries) {
    if (socket_ && send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL) >= 0) return;
    if (socket_ && errno == EAGAIN) return;
    socket_ = base::connect_to_log_daemon();
  }
}

}  // namespace sshsm::keeper
