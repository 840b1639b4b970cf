#pragma once

#include "base/failure.h"
#include "base/waiter.h"
#include "config/destination.h"
#include "mailer/answer_timer.h"
#include "smtp/reply.h"
#include "smtp/wait.h"
#include "ssh/channel.h"

#include <optional>
#include <string>
#include <string_view>

namespace sshsm::admin {

/// Question and answer with a mail server, one at a time, with the reader, the time limits and the
/// sentences of the mailer. For looking at him, not for mail: nothing is ever sent behind DATA.
class Conversation {
 public:
  /// All of it outlives this.
  Conversation(ssh::Channel& channel, const config::Destination& destination,
               mailer::AnswerTimer& timer, base::Waiter& waiter);

  /// Throws `Failure` text_before_greeting, answer_timed_out, the failures of a line that is lost,
  /// and those that explain a far side that ended without a greeting.
  [[nodiscard]] smtp::Reply greeting();
  /// The answer to a command, which is given without its line end. Throws `Failure`
  /// reply_malformed, reply_unexpected for a reply that nobody asked for, answer_timed_out and
  /// those of a line that is lost.
  [[nodiscard]] smtp::Reply ask(std::string_view command);

 private:
  [[nodiscard]] std::optional<smtp::Reply> read();
  [[nodiscard]] smtp::Reply await(smtp::Wait wait);
  void send(std::string bytes);
  void move(smtp::Wait wait);
  [[noreturn]] void fail_at_end();

  ssh::Channel& channel_;
  const config::Destination& destination_;
  mailer::AnswerTimer& timer_;
  base::Waiter& waiter_;
  smtp::ReplyReader reader_;
  bool is_greeted_ = false;
  std::optional<base::Failure> loss_;  ///< told when all that came before it is read
};

}  // namespace sshsm::admin
