#pragma once

#include "base/deadline.h"
#include "base/failure.h"
#include "config/destination.h"
#include "mailer/setup.h"
#include "smtp/capabilities.h"
#include "ssh/connection.h"
#include "ssh/dialler.h"
#include "ssh/session.h"

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace sshsm::keeper {

/// One SSH connection that has proved its host, and what is known of it: under which settings it
/// was made, how many channels it has, and how many the host lets it have.
class Connection {
 public:
  /// `settings` are those that it was dialled by. `dialler` is kept where a proxy-command carries
  /// the line: that runs as long as its dialler does.
  Connection(std::unique_ptr<ssh::Session> session, std::unique_ptr<ssh::Dialler> dialler,
             const ssh::Progress& progress, config::Destination settings, std::string key_name);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  /// Says good-bye. No channel may be left.
  ~Connection();

  [[nodiscard]] ssh::Session& session() { return *session_; }
  [[nodiscard]] const config::Destination& settings() const { return settings_; }
  [[nodiscard]] const std::string& host() const { return host_; }
  [[nodiscard]] const std::string& address() const { return address_; }

  [[nodiscard]] pollfd interest() const;
  [[nodiscard]] base::Deadline next_check() const;
  /// Hands what came to the channels, and notices its end.
  void progress() noexcept;
  [[nodiscard]] std::uint64_t packets_received() const { return session_->packets_received(); }
  /// Why it is of no use any more.
  [[nodiscard]] const std::optional<base::Failure>& loss() const { return loss_; }
  void lose(const base::Failure& failure);
  /// It was asked for a sign of life, and has given none yet.
  [[nodiscard]] bool is_silent() const { return session_->awaits_sign_of_life(); }
  /// Of the SSH connection, as `ssh::Session` measures it.
  [[nodiscard]] std::optional<std::chrono::microseconds> round_trip() const {
    return session_->round_trip();
  }

  /// Its host would be dialled, proved and signed in to in the same way by these settings.
  [[nodiscard]] bool passes(const mailer::Setup& setup);
  /// It gets no message any more.
  void retire() { is_retired_ = true; }
  [[nodiscard]] bool is_retired() const { return is_retired_ || loss_; }

  // Its channels.
  [[nodiscard]] bool may_open(unsigned max_sessions) const;
  /// It is to be tried again in a moment.
  [[nodiscard]] bool is_pausing() const { return base::Clock::now() < pause_ends_; }
  /// When that may change though nothing happens.
  [[nodiscard]] base::Deadline end_of_pause() const;
  [[nodiscard]] unsigned channels() const { return channels_; }
  void note_opened() { ++channels_; }
  void note_closed();
  /// The host refused another channel: so many as there are is its limit. Where one was closed just
  /// now the host may not have noticed, and a little time is what it takes. False where it refused
  /// the first one, which nothing explains.
  [[nodiscard]] bool note_refusal();
  /// The same where the host let the channel open and the mail server had no room: how long ago
  /// another one was closed does not matter. False where there is no other channel.
  [[nodiscard]] bool note_full();
  /// A mail server has greeted on one of its channels, and offers this.
  void note_greeting(const smtp::Capabilities& offered);
  [[nodiscard]] bool has_greeted() const { return offered_.has_value(); }
  [[nodiscard]] const std::optional<smtp::Capabilities>& offered() const { return offered_; }

 private:
  /// sshd counts a session to its MaxSessions until the command has ended.
  static constexpr base::Milliseconds time_to_end{3000};
  static constexpr base::Milliseconds pause_to_end{100};
  /// Others' sessions count to some limits, and they end; so the refused one is tried again.
  static constexpr base::Milliseconds limit_holds{60000};

  std::unique_ptr<ssh::Dialler> dialler_;  ///< before the session, which says good-bye through it
  std::unique_ptr<ssh::Session> session_;
  config::Destination settings_;
  std::string key_name_;
  std::string host_;
  std::string address_;
  std::optional<base::Failure> loss_;
  bool is_retired_ = false;
  std::optional<smtp::Capabilities> offered_;
  unsigned channels_ = 0;
  unsigned limit_ = 0;
  base::Clock::time_point limit_ends_{};
  base::Clock::time_point pause_ends_{};
  base::Clock::time_point closed_at_{};
};

}  // namespace sshsm::keeper
