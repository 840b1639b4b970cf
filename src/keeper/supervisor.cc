#include "keeper/supervisor.h"

#include "base/failure.h"
#include "base/text.h"
#include "base/unix_socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <optional>
#include <utility>

namespace sshsm::keeper {
namespace {

using base::concat;
using base::Deadline;
using base::Failure;

constexpr int first_inherited = 3;
constexpr std::size_t max_name = 255;
constexpr std::size_t max_status = 500;
constexpr unsigned long max_watchdog_time = 86400UL * 1000 * 1000;  // microseconds: a day

std::string_view variable(const char* name) {
  const char* const value = getenv(name);
  return value == nullptr ? std::string_view() : value;
}

bool is_for_us(std::string_view process) {
  return base::parse_number(process, INT_MAX) == static_cast<unsigned long>(getpid());
}

std::vector<std::string> names_of_descriptors() {
  const auto count = base::parse_number(variable("LISTEN_FDS"), max_inherited);
  if (!is_for_us(variable("LISTEN_PID")) || !count) return {};
  std::vector<std::string> names;
  std::string_view list = variable("LISTEN_FDNAMES");
  while (names.size() < *count) {
    const std::size_t end = std::min(list.find(':'), list.size());
    names.emplace_back(list.substr(0, std::min(end, max_name)));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return names;
}

std::chrono::microseconds watchdog_time() {
  const std::string_view process = variable("WATCHDOG_PID");
  if (!process.empty() && !is_for_us(process)) return {};
  const auto time = base::parse_number(variable("WATCHDOG_USEC"), max_watchdog_time);
  return std::chrono::microseconds(time.value_or(0));
}

Kind kind_of(const std::string& name) {
  for (const Kind kind : {Kind::smtp, Kind::lmtp, Kind::meeting})
    if (name_of(kind) == name) return kind;
  throw Failure(base::Cause::listen_refused,
                concat({"a socket of the supervisor has the name ", base::quoted(name, 64),
                        "; FileDescriptorName= must be smtp, lmtp or meeting"}));
}

std::string status_line(std::string_view status) {
  return concat({"STATUS=", base::printable(status, max_status)});
}

}  // namespace

Supervision read_supervision() {
  return {names_of_descriptors(), std::string(variable("NOTIFY_SOCKET")), watchdog_time()};
}

std::vector<Listener> inherited_listeners(const Supervision& supervision) {
  std::vector<base::Descriptor> descriptors;
  for (std::size_t i = 0; i < supervision.names.size(); ++i)
    descriptors.emplace_back(first_inherited + static_cast<int>(i));
  std::vector<Listener> listeners;
  for (std::size_t i = 0; i < descriptors.size(); ++i)
    listeners.push_back(adopt(std::move(descriptors[i]), kind_of(supervision.names[i])));
  return listeners;
}

Notifier::Notifier(const Supervision& supervision) : watchdog_(supervision.watchdog) {
  if (supervision.notify_socket.empty()) return;
  socket_ = base::connect_to_socket(supervision.notify_socket, SOCK_DGRAM);
}

void Notifier::tell_ready(std::string_view status) {
  notify(concat({"READY=1\n", status_line(status)}));
  give_sign_of_life();
}

void Notifier::tell_status(std::string_view status) {
  notify(status_line(status));
}

void Notifier::tell_stopping(std::string_view status) {
  notify(concat({"STOPPING=1\n", status_line(status)}));
}

void Notifier::give_sign_of_life() {
  if (!socket_ || watchdog_ == std::chrono::microseconds(0)) return;
  notify("WATCHDOG=1");
  // Half of the time, as sd_watchdog_enabled(3) advises.
  next_ = Deadline::after(std::chrono::duration_cast<base::Milliseconds>(watchdog_ / 2));
}

void Notifier::notify(const std::string& assignments) const {
  if (socket_) ::send(socket_.get(), assignments.data(), assignments.size(), MSG_NOSIGNAL);
}

}  // namespace sshsm::keeper
