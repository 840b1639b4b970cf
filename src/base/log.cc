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

/// Never waits.
bool is_sent(const Descriptor& socket, std::string_view line) {
  return send(socket.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
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

void Log::write(int level, std::string_view text) {
  if (!socket_ && !reserve_) return;
  const std::string line = concat({"<", std::to_string(LOG_MAIL | level), ">", time_stamp(), " ",
                                   program_, "[", std::to_string(getpid()), "]: ", text});
  if (reserve_ && socket_ && is_sent(socket_, line)) return;
  const Descriptor& last = reserve_ ? reserve_ : socket_;
  // A line that finds no room in time is lost, and not the mail.
  if (patience_.wait_until_writable(last.get())) static_cast<void>(is_sent(last, line));
}

}  // namespace sshsm::base
