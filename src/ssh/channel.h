#pragma once

#include "base/deadline.h"
#include "base/stream.h"
#include "base/waiter.h"
#include "config/destination.h"
#include "ssh/received_bytes.h"
#include "ssh/session.h"

#include <libssh/callbacks.h>

#include <optional>
#include <string>
#include <string_view>

namespace sshsm::ssh {

/// How the forced command ended: only for explaining; the mail server's replies are the truth.
struct CommandEnd {
  std::optional<int> exit_status;
  std::string exit_signal;   ///< `KILL`, or empty
  std::string error_output;  ///< the last of its stderr
};

/// The conversation with the far mail server as a byte stream over one channel: the standard input
/// and output of the forced command, or a TCP connection that the host makes to `smtp-address` for
/// us (direct-tcpip, RFC 4254 7.2). A command's stderr shares the flow-control window, so it is
/// always read, and the last of it is kept.
class Channel final : public base::ByteStream {
 public:
  static constexpr std::size_t max_error_output = 2048;
  /// libssh keeps what was written in memory until it is sent: no more than this at once.
  static constexpr std::size_t max_unsent = 256 * 1024;

  /// Opens the channel and runs `command` (which the far side's `command=` overrides), or has the
  /// host connect to `smtp-address`. Throws `Failure` channel_refused, smtp_address_refused,
  /// smtp_address_unreachable, connection_lost, answer_timed_out, and reply_malformed for a flood.
  /// The session must live longer.
  Channel(Session& session, const config::Destination& destination, base::Deadline deadline,
          base::Waiter& waiter);
  ~Channel() override;

  [[nodiscard]] pollfd interest() override;
  [[nodiscard]] base::Deadline next_progress() const override;
  /// Also throws `Failure` reply_malformed where the far side sends faster than anybody consumes.
  void progress() override;
  [[nodiscard]] std::size_t writable() const override;
  [[nodiscard]] std::size_t write(std::string_view bytes) override;
  [[nodiscard]] std::string_view received() const override;
  void consume(std::size_t count) override;
  [[nodiscard]] bool ended() const override { return is_ended_; }

  /// Ends the mail server's input, who may still answer and end by himself.
  void end_output();
  /// Closes our side: for a channel whose session goes on without it. Nothing else may be called
  /// behind it; libssh frees the channel when the far side has closed it too.
  void close();

  /// Throws `Failure` reply_malformed where the far side sent faster than anybody consumed.
  void check_flood() const;

  /// True when the far side has closed the channel: `command_end` is complete. It stays empty where
  /// there is no command.
  [[nodiscard]] bool is_closed() const noexcept { return is_closed_; }
  [[nodiscard]] const CommandEnd& command_end() const noexcept { return command_end_; }

 private:
  explicit Channel(Session& session);

  static int on_data(ssh_session, ssh_channel, void* data, std::uint32_t size, int is_stderr,
                     void* self);
  static void on_eof(ssh_session, ssh_channel, void* self);
  static void on_close(ssh_session, ssh_channel, void* self);
  static void on_exit_status(ssh_session, ssh_channel, int status, void* self);
  static void on_exit_signal(ssh_session, ssh_channel, const char* name, int, const char*,
                             const char*, void* self);

  void listen();
  void run_command(const std::string& command, base::Deadline deadline, base::Waiter& waiter);
  void connect_to(const config::SmtpAddress& address, base::Deadline deadline,
                  base::Waiter& waiter);
  [[noreturn]] void fail_to_connect(const config::SmtpAddress& address);
  void keep_error_output(std::string_view bytes);

  Session& session_;
  ssh_channel_callbacks_struct callbacks_{};
  ssh_channel channel_;  ///< freed with the session, or null behind `close`
  ReceivedBytes received_;
  bool is_ended_ = false;
  bool is_closed_ = false;
  CommandEnd command_end_;
};

}  // namespace sshsm::ssh
