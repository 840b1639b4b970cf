#pragma once

#include "base/deadline.h"
#include "base/failure.h"
#include "base/waiter.h"
#include "keeper/connection.h"
#include "mailer/answer_timer.h"
#include "smtp/observer.h"
#include "smtp/peer.h"
#include "ssh/channel.h"

#include <cstddef>
#include <optional>
#include <string>

namespace sshsm::keeper {

/// The far mail server on one channel of a connection: while no client has it, it is greeted, or
/// parked until the next message, or takes its leave.
class Remote {
 public:
  /// Opens the channel. Throws the failures of `ssh::Channel`. The connection outlives it.
  Remote(Connection& connection, smtp::Observer observer, base::Waiter& waiter);
  Remote(const Remote&) = delete;
  Remote& operator=(const Remote&) = delete;
  /// Closes the channel: a message that is not whole is never completed.
  ~Remote();

  [[nodiscard]] Connection& connection() { return connection_; }
  [[nodiscard]] ssh::Channel& channel() { return *channel_; }
  [[nodiscard]] mailer::AnswerTimer& timer() { return timer_; }

  /// To and from the client who has it. `take_back` parks it.
  [[nodiscard]] smtp::Peer lend();
  void take_back(smtp::Peer peer);

  /// While nobody has it: hears what the mail server says, and says what is due. Throws the
  /// `Failure` that makes it useless: before it is ready why no mail goes through it, later that
  /// the mail server hung up.
  void pump();
  /// The mail server has greeted and no answer is due.
  [[nodiscard]] bool is_ready() const;
  [[nodiscard]] bool has_greeted() const { return has_greeted_; }
  [[nodiscard]] bool is_parked_since(base::Clock::time_point moment) const;
  [[nodiscard]] std::size_t messages() const { return peer_->messages(); }
  [[nodiscard]] bool has_news() const;
  [[nodiscard]] base::Deadline deadline() const;

  /// Asks a parked mail server for a sign of life; `pump` tells where none comes.
  void probe();

  /// Says good-bye; `is_gone` once the far side has ended, or took too long to.
  void leave();
  [[nodiscard]] bool is_leaving() const { return is_leaving_; }
  [[nodiscard]] bool is_gone() const;

  /// What came since the last call, for whoever has it.
  [[nodiscard]] std::string receive();

 private:
  /// Exim takes 200 ms over QUIT.
  static constexpr base::Milliseconds max_leave{3000};
  /// The exit status comes behind the end of the output, or never.
  static constexpr base::Milliseconds max_wait_for_status{1000};

  void send_output();
  /// The line may be full of what others say: QUIT goes out before the end of our output.
  void say_good_bye();
  void check_end();
  [[noreturn]] void explain_end();

  Connection& connection_;
  smtp::Observer observer_;
  mailer::AnswerTimer timer_;
  std::optional<ssh::Channel> channel_;
  std::optional<smtp::Peer> peer_;  ///< none while it is lent
  std::size_t replies_seen_ = 0;
  base::Clock::time_point parked_at_ = base::Clock::now();
  bool is_leaving_ = false;
  bool is_output_ended_ = false;
  bool has_greeted_ = false;
  base::Clock::time_point ends_at_ = base::Clock::time_point::max();
};

}  // namespace sshsm::keeper
