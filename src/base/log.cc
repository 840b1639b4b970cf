#include "base/log.h"

#include "base/text.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace sshsm::base {
namespace {

/// `Nov  1 09:30:00`, as RFC 3164 has it, in local time.
std::string time_stamp() {
  const time_t now = time(nullptr);
  tm parts{};
  std::array<char, 32> text{};
  localtime_r(&now, &parts);
  strftime(text.data(), text.size(), "%b %e %H:%M:%S", &parts);
  return text.data();
}

}  // namespace

Descriptor connect_to_log_daemon(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  if (!socket || connect(socket.get(), generic, sizeof address) != 0) return {};
  return socket;
}

Log::Log(std::string program, std::string_view path)
    : program_(std::move(program)), socket_(connect_to_log_daemon(path)) {
  tzset();
}

Log::Log(std::string program, Descriptor socket)
    : program_(std::move(program)), socket_(std::move(socket)) {
  tzset();
}

void Log::write(int level, std::string_view text) {
  if (!socket_ || !patience_.wait_until_writable(socket_.get())) return;
  const std::string line = concat({"<", std::to_string(LOG_MAIL | level), ">", time_stamp(), " ",
                                   program_, "[", std::to_string(getpid()), "]: ", text});
  // It does not block: a line that finds no room is lost, and not the mail.
  send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace sshsm::base
