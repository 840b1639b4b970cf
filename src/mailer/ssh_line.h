#pragma once

#include "base/trace.h"
#include "base/waiter.h"
#include "mailer/line.h"
#include "mailer/setup.h"
#include "ssh/channel.h"
#include "ssh/connection.h"
#include "ssh/dialler.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::mailer {

/// A line of our own: the SSH connection and the channel on which the forced command, or what
/// listens at `smtp-address`, speaks SMTP.
class SshLine final : public Line {
 public:
  /// The references outlive it.
  SshLine(Setup setup, ssh::Dialler& dialler, base::Trace& trace);

  /// Dials, proves the host, logs in and opens the channel. Throws the failures of `ssh::connect`
  /// and of the channel.
  void open(base::Waiter& waiter) override;
  [[nodiscard]] bool is_open() const override { return channel_ != nullptr; }
  /// On the same connection. Tried a few times, for a host that allows one at a time
  /// (`MaxSessions 1`) and may not have noticed the end of the old one.
  void open_another_channel(base::Waiter& waiter) override;
  [[nodiscard]] std::size_t messages_per_channel() const override {
    return destination().messages_per_session;
  }
  void hang_up() override;

  /// Before the greeting the command's exit status, signal and stderr are waited for, a second at
  /// most.
  [[nodiscard]] base::Failure explain_end(bool is_greeted, std::string_view unfinished_line,
                                          base::Waiter& waiter) override;

  [[nodiscard]] base::ByteStream& channel() override { return *channel_; }
  [[nodiscard]] std::string_view phase() const override;
  [[nodiscard]] const std::string& host() const override;
  /// With the address of that host that was connected to, or `none`.
  [[nodiscard]] Relay relay() const override;
  [[nodiscard]] Timeline timeline() const override;

 private:
  std::vector<trust::Pins> pins_;
  ssh::ClientKey key_;
  ssh::Dialler& dialler_;
  base::Trace& trace_;
  base::Clock::time_point start_ = base::Clock::now();
  ssh::Progress progress_;
  std::unique_ptr<ssh::Session> session_;
  std::unique_ptr<ssh::Channel> channel_;
};

}  // namespace sshsm::mailer
