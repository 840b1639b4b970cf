#pragma once

#include "base/deadline.h"
#include "base/failure.h"
#include "base/waiter.h"
#include "mailer/rest_file.h"
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

/// Where a batch comes from.
struct Source {
  int descriptor;            ///< not owned, and its flags are left alone
  std::string taken = {};    ///< what was read from there already
  RestFile* rest = nullptr;  ///< where what is not accepted is kept; or null
};

/// Reads the batch from a descriptor, message by message.
///
/// A message up to `max_held` octets is held until its final dot was read, so that a batch that was
/// cut off starts nothing at the far side (some mail servers queue what a cut-off session left).
/// A larger one is passed on as it comes.
///
/// With a rest file every octet is written there as it is read. The next message is then read only
/// when the one before is decided, so that cutting off an accepted one is a plain truncation. That
/// costs a round trip per message, which the next envelope would else share with the final dot.
class Input {
 public:
  static constexpr std::size_t max_held = 1024 * 1024;

  explicit Input(Source source);

  /// True when it would read: poll the descriptor for POLLIN, then call `read`.
  [[nodiscard]] bool wants_to_read() const;
  /// Reads what is there, once.
  void read();

  /// All that was read is taken, and its last word is QUIT.
  [[nodiscard]] bool has_quit() const { return unread_.empty() && !message_ && reader_.has_quit(); }
  /// No more is read: the batch ends where it is.
  void end();

  /// The message being read, when it may be sent: it is whole, or too large to be held.
  [[nodiscard]] bool has_message() const;
  [[nodiscard]] IncomingMessage& message() { return *message_; }
  /// The message was sent or given up. Nothing of it is kept but what stands in the rest file; what
  /// is still to come of its body is read and dropped.
  void drop_message();
  /// The message was accepted: drops it and cuts it off the rest file.
  void drop_accepted_message();

  /// Nothing more is sent: reads all that is left into the rest file alone, parts that are not
  /// batch SMTP included, and puts that on the disk. A caller who does not end his batch is waited
  /// for until `deadline`; one who said QUIT, no longer than `patience` behind it. Gives the
  /// failure where the file does not hold everything.
  [[nodiscard]] std::optional<base::Failure> keep_rest(base::Waiter& waiter,
                                                       base::Deadline deadline,
                                                       base::Milliseconds patience);

  /// The same where what was read may be lost for want of memory: keeps only whole messages that it
  /// holds already, and gives the failure that says from where on it holds nothing.
  [[nodiscard]] std::optional<base::Failure> give_up_rest();

  /// True when everything was read and taken.
  [[nodiscard]] bool is_over() const { return is_over_ && !message_; }
  /// Why the reading stopped early, if it did: batch_malformed,
  /// batch_truncated, batch_empty, batch_unreadable, rest_unwritable. What came before it is still
  /// to be sent.
  [[nodiscard]] const std::optional<base::Failure>& failure() const { return failure_; }
  /// True while part of a message was read, whole or not.
  [[nodiscard]] bool has_part() const { return message_.has_value(); }

 private:
  void take_events();
  void take_all_events();
  /// Gives the reader more, or the end; false when there is nothing to give.
  bool feed();
  void take(smtp::BatchReader::Event event);
  void end_message();
  void fill_rest(base::Waiter& waiter, base::Deadline deadline, base::Milliseconds patience);
  void add_unread_to_rest();
  [[nodiscard]] bool has_failed(base::Cause cause) const;

  int descriptor_;
  RestFile* rest_;
  bool is_for_rest_alone_ = false;
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
