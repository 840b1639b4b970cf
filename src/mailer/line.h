#pragma once

#include "base/failure.h"
#include "base/stream.h"
#include "base/waiter.h"
#include "config/destination.h"
#include "mailer/answer_timer.h"
#include "mailer/delivery_log.h"
#include "smtp/outcome.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sshsm::mailer {

/// The line to one destination's mail server, on which SMTP is spoken: an SSH connection of our
/// own, or one of the keeper's. Every front end speaks through one.
class Line {
 public:
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  virtual ~Line() = default;

  /// Makes it ready to be spoken on; greeting-timeout runs from here. Throws `Failure`.
  virtual void open(base::Waiter& waiter) = 0;
  [[nodiscard]] virtual bool is_open() const = 0;
  /// Another channel, with a mail server to whom nothing has been said yet; the one before is
  /// closed. Throws `Failure`.
  virtual void open_another_channel(base::Waiter& waiter) = 0;
  /// There is no other channel than the first.
  [[nodiscard]] virtual bool has_one_channel() const { return false; }
  /// After so many messages a session should have another channel.
  [[nodiscard]] virtual std::size_t messages_per_channel() const = 0;
  /// Ends the connection, if there is one. What the mail server may still say is not waited for.
  virtual void hang_up() = 0;

  /// What came from the mail server since the last call, and why no more will come if the
  /// connection broke: the bytes count all the same, the answer to a final dot may be among them.
  struct Arrival {
    std::string bytes;
    std::optional<base::Failure> loss;
  };
  [[nodiscard]] virtual Arrival receive();

  /// Why the mail server ended the conversation. `unfinished_line` is what he said without a line
  /// end.
  [[nodiscard]] virtual base::Failure explain_end(bool is_greeted, std::string_view unfinished_line,
                                                  base::Waiter& waiter) = 0;

  /// The same outcome; where the one reply that decided it was no mail server's, it is decided by
  /// the failure that this reply told of.
  [[nodiscard]] smtp::MessageOutcome in_own_words(smtp::MessageOutcome outcome);

  /// Of the open line.
  [[nodiscard]] virtual base::ByteStream& channel() = 0;
  [[nodiscard]] AnswerTimer& timer() { return timer_; }
  [[nodiscard]] const config::Destination& destination() const { return destination_; }
  /// How far it came before there was an SMTP conversation, for `phase=`.
  [[nodiscard]] virtual std::string_view phase() const = 0;
  /// The host in hand or tried last, as it is configured; the first one until one is dialled.
  [[nodiscard]] virtual const std::string& host() const = 0;
  /// Who is spoken with, for `relay=`.
  [[nodiscard]] virtual Relay relay() const = 0;
  /// When it was dialled and when the SSH server answered.
  [[nodiscard]] virtual Timeline timeline() const = 0;

 protected:
  /// `respondent` as `AnswerTimer` has it.
  explicit Line(config::Destination destination, std::string respondent = {})
      : destination_(std::move(destination)), timer_(destination_, std::move(respondent)) {}

 private:
  /// Of a reply that somebody between us and the mail server gave in our own words.
  [[nodiscard]] virtual std::optional<base::Failure> failure_told_by(std::string_view /*reply*/) {
    return std::nullopt;
  }

  config::Destination destination_;
  AnswerTimer timer_;
};

}  // namespace sshsm::mailer
