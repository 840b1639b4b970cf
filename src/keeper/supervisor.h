#pragma once

#include "base/deadline.h"
#include "base/descriptor.h"
#include "keeper/listener.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::keeper {

/// More sockets than anybody's unit has.
inline constexpr std::size_t max_inherited = 64;

/// What systemd, or whoever supervises us in its manner, has put into the environment. The three
/// variables of sd_listen_fds(3) and those of sd_notify(3) and sd_watchdog_enabled(3) are read here
/// and not by libsystemd: they are a stable interface, and its library would bring half a dozen
/// others into a process that parses what strangers send.
struct Supervision {
  std::vector<std::string> names;         ///< of the descriptors from 3 on, at most `max_inherited`
  std::string notify_socket;              ///< empty: nobody wants to know
  std::chrono::microseconds watchdog{0};  ///< 0: none
};

/// Call it first of all: it looks at the environment, which is cleared then, and keeps exactly the
/// descriptors that `names` counts from being closed (privilege::start_clean). Variables that are
/// meant for another process, or malformed, count as absent.
[[nodiscard]] Supervision read_supervision();

/// The inherited sockets, each by its FileDescriptorName=: `smtp`, `lmtp` or `meeting`. Owns the
/// descriptors from then on. Throws `Failure` listen_refused.
[[nodiscard]] std::vector<Listener> inherited_listeners(const Supervision& supervision);

/// Tells the supervisor how we are (sd_notify(3)). Its socket is open from the start, since none
/// can be made in the sandbox. Nothing is waited for, and nobody need be listening.
class Notifier {
 public:
  /// A silent one.
  Notifier() = default;
  explicit Notifier(const Supervision& supervision);

  /// We listen. `status` is what `systemctl status` shows, one line, printable.
  void tell_ready(std::string_view status);
  void tell_status(std::string_view status);
  void tell_stopping(std::string_view status);

  /// For the watchdog: call this at `next_sign_of_life`, which is never where there is none.
  void give_sign_of_life();
  [[nodiscard]] base::Deadline next_sign_of_life() const { return next_; }

 private:
  void notify(const std::string& assignments) const;

  base::Descriptor socket_;
  std::chrono::microseconds watchdog_{0};
  base::Deadline next_ = base::Deadline::never();
};

}  // namespace sshsm::keeper
