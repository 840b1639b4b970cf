#pragma once

#include "base/failure.h"
#include "smtp/batch_reader.h"

#include <cstddef>
#include <optional>
#include <string>

namespace sshsm::mailer {

/// One message of the batch, as far as it has been read.
struct IncomingMessage {
  smtp::Envelope envelope;
  std::string body;           ///< canonical; emptied when all of it was sent on
  bool is_whole = false;      ///< its final dot was read
  bool is_passed_on = false;  ///< it is being sent: read on only when `body` is empty
};

/// Reads the batch from a descriptor, message by message.
///
/// A message up to `max_held` octets is held until its final dot was read, so that a batch that was
/// cut off starts nothing at the far side (some mail servers queue what a cut-off session left).
/// A larger one is passed on as it comes.
class Input {
 public:
  static constexpr std::size_t max_held = 1024 * 1024;

  /// Reads from `descriptor`, which it does not own and whose flags it leaves alone.
  explicit Input(int descriptor) : descriptor_(descriptor) {}

  /// True when it would read: poll the descriptor for POLLIN, then call `read`.
  [[nodiscard]] bool wants_to_read() const;
  /// Reads what is there, once.
  void read();

  /// The message being read, when it may be sent: it is whole, or too large to be held.
  [[nodiscard]] bool has_message() const;
  [[nodiscard]] IncomingMessage& message() { return *message_; }
  /// The message was sent or given up. Nothing of it is kept; what is still to come of its body is
  /// read and dropped.
  void drop_message();

  /// True when everything was read and taken.
  [[nodiscard]] bool is_over() const { return is_over_ && !message_; }
  /// Why the reading stopped early, if it did: batch_malformed,
  /// batch_truncated, batch_empty, batch_unreadable. What came before it is still to be sent.
  [[nodiscard]] const std::optional<base::Failure>& failure() const { return failure_; }
  /// True while part of a message was read, whole or not.
  [[nodiscard]] bool has_part() const { return message_.has_value(); }

 private:
  void take_events();
  /// Gives the reader more, or the end; false when there is nothing to give.
  bool feed();
  void take(smtp::BatchReader::Event event);

  int descriptor_;
  smtp::BatchReader reader_;
  std::string unread_;
  bool is_at_end_ = false;
  bool is_end_told_ = false;
  bool is_over_ = false;
  bool is_dropping_ = false;
  std::optional<IncomingMessage> message_;
  std::optional<base::Failure> failure_;
};

}  // namespace sshsm::mailer
