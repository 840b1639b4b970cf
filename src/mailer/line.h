#pragma once

#include "base/failure.h"
#include "base/trace.h"
#include "base/waiter.h"
#include "mailer/answer_timer.h"
#include "mailer/delivery_log.h"
#include "mailer/setup.h"
#include "ssh/channel.h"
#include "ssh/connection.h"
#include "ssh/dialler.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sshsm::mailer {

/// The line to one destination's mail server: the SSH connection and the channel on which the
/// forced command, or what listens at `smtp-address`, speaks SMTP. Every front end speaks through
/// one.
class Line {
 public:
  /// The references outlive it.
  Line(Setup setup, ssh::Dialler& dialler, base::Trace& trace);

  /// Dials, proves the host, logs in and opens the channel; greeting-timeout runs from here.
  /// Throws the failures of `ssh::connect` and of the channel.
  void open(base::Waiter& waiter);
  [[nodiscard]] bool is_open() const { return channel_ != nullptr; }
  /// A new channel on the same connection, with a mail server to whom nothing has been said yet;
  /// the one before is closed. Tried a few times, for a host that allows one at a time
  /// (`MaxSessions 1`) and may not have noticed the end of the old one.
  void open_another_channel(base::Waiter& waiter);
  /// Ends the connection, if there is one. What the mail server may still say is not waited for.
  void hang_up();

  /// What came from the mail server since the last call, and why no more will come if the
  /// connection broke: the bytes count all the same, the answer to a final dot may be among them.
  struct Arrival {
    std::string bytes;
    std::optional<base::Failure> loss;
  };
  [[nodiscard]] Arrival receive();

  /// Why the mail server ended the conversation. Before the greeting the command's exit status,
  /// signal and stderr are waited for, a second at most. `unfinished_line` is what he said without
  /// a line end.
  [[nodiscard]] base::Failure explain_end(bool is_greeted, std::string_view unfinished_line,
                                          base::Waiter& waiter);

  [[nodiscard]] ssh::Channel& channel() { return *channel_; }
  [[nodiscard]] AnswerTimer& timer() { return timer_; }
  [[nodiscard]] const config::Destination& destination() const { return setup_.destination; }
  /// How far it came before there was an SMTP conversation, for `phase=`.
  [[nodiscard]] std::string_view phase() const;
  /// The host in hand or tried last, as it is configured; the first one until one is dialled.
  [[nodiscard]] const std::string& host() const;
  /// The address of that host that was connected to, or `none`.
  [[nodiscard]] std::string address() const;
  /// When it was dialled and when the SSH server answered.
  [[nodiscard]] Timeline timeline() const;

 private:
  void open_channel(base::Waiter& waiter);

  Setup setup_;
  ssh::Dialler& dialler_;
  base::Trace& trace_;
  AnswerTimer timer_;
  base::Clock::time_point start_ = base::Clock::now();
  ssh::Progress progress_;
  std::unique_ptr<ssh::Session> session_;
  std::unique_ptr<ssh::Channel> channel_;
};

}  // namespace sshsm::mailer
