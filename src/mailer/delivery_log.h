#pragma once

#include "base/deadline.h"
#include "base/failure.h"
#include "base/log.h"
#include "base/trace.h"
#include "smtp/outcome.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sshsm::mailer {

/// When things happened to one message; what has not happened yet is at the end of time.
struct Timeline {
  static constexpr auto not_yet = base::Clock::time_point::max();

  base::Clock::time_point start = base::Clock::now();
  base::Clock::time_point banner = not_yet;    ///< the SSH server answered
  base::Clock::time_point greeted = not_yet;   ///< the mail server answered EHLO
  base::Clock::time_point envelope = not_yet;  ///< MAIL was sent
  base::Clock::time_point data = not_yet;      ///< the body could be sent
};

/// Which mail server, for `relay=`.
struct Relay {
  std::string destination;
  std::string address = "none";
  std::uint16_t port = 22;  ///< 0: the address has none
};

/// One syslog line per recipient, in Postfix's words and order, so that the tools which read its
/// log read ours:
/// `DEST: to=<bob@friend.example>, relay=DEST[192.0.2.1]:22, delay=0.05, delays=0.01/0.02/0/0.01,
/// dsn=2.0.0, status=sent (250 2.0.0 queued)`. What failed adds `class=` and `phase=`. Peer text is
/// made printable and cut; content is never logged.
class DeliveryLog {
 public:
  DeliveryLog(Relay relay, base::Log& log, base::Trace& trace)
      : relay_(std::move(relay)), log_(log), trace_(trace) {}

  void set_address(const std::string& address) { relay_.address = address; }
  void set_relay(Relay relay) { relay_ = std::move(relay); }

  /// What the mail server decided.
  void record(const smtp::MessageOutcome& outcome, const Timeline& timeline);
  /// What a failure on the way did to these recipients. None known: one line without `to=`.
  void record(const base::Failure& failure, std::string_view phase,
              const std::vector<std::string>& paths, const Timeline& timeline);

 private:
  void write(std::string_view path, std::string_view middle, bool is_accepted);

  Relay relay_;
  base::Log& log_;
  base::Trace& trace_;
};

/// `0`, `0.03`, `1.2`, `45`: seconds as Postfix rounds them, two significant digits.
[[nodiscard]] std::string seconds_text(base::Clock::duration span);

}  // namespace sshsm::mailer
