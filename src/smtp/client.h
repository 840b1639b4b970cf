#pragma once

#include "base/failure.h"
#include "smtp/capabilities.h"
#include "smtp/envelope.h"
#include "smtp/observer.h"
#include "smtp/outcome.h"
#include "smtp/output_buffer.h"
#include "smtp/reply.h"
#include "smtp/transaction.h"
#include "smtp/wait.h"

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::smtp {

/// The client side of SMTP (RFC 5321, 2920, 3030) as a machine: bytes from the peer and messages
/// from the caller in, bytes to the peer and outcomes out. No descriptor, no clock.
///
/// The caller's loop: send `output()`, give what arrives to `receive()`, and do what `need()` says.
/// A message may be decided before its body was asked for or while it is added: `need()` then
/// asks for no more of it, and the caller drops the rest.
///
/// After a 421, and after `abandon`, nothing more is sent and what arrives is dropped: every
/// message that is still begun is deferred at once, because the line is lost.
class Client {
 public:
  /// A streamed body goes out in chunks of this many octets, or one less.
  static constexpr std::size_t chunk_size = 256 * 1024;
  /// Chunks on the way without an answer, where PIPELINING is offered; else one.
  static constexpr std::size_t max_chunks_unanswered = 4;
  /// With so much unsent output no more of a body is asked for.
  static constexpr std::size_t max_unsent = 256 * 1024;

  /// What the caller should do next, besides moving bytes.
  enum class Need {
    peer,     ///< only the peer can move things on
    message,  ///< `begin` another message, or `finish`
    body,     ///< `add_body` or `end_body`
    nothing,  ///< finished and nothing undecided: QUIT is in the output, or the line is lost
  };

  /// `helo` is the name we say we are.
  explicit Client(std::string helo, Observer observer = {});
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  /// Bytes from the peer. Throws `Failure` where he breaks the protocol (text_before_greeting,
  /// greeting_refused, hello_refused, reply_malformed, reply_unexpected); call `abandon` then. A
  /// 421 is no such failure: it defers the message it answers with its text, and ends the
  /// conversation.
  void receive(std::string_view bytes);

  /// Bytes to be sent; `sent` says how many of them left.
  [[nodiscard]] std::string_view output() const;
  void sent(std::size_t count);

  [[nodiscard]] Need need() const;
  [[nodiscard]] Wait wait() const;
  [[nodiscard]] Phase phase() const;
  [[nodiscard]] bool greeted() const;
  [[nodiscard]] const Capabilities& capabilities() const;
  /// How many replies came so far: each restarts the time limit.
  [[nodiscard]] std::size_t replies_received() const;
  /// The beginning of a line from the peer whose end did not come.
  [[nodiscard]] std::string_view unfinished_line() const;

  /// True while the peer may have all of a message whose answer did not come.
  [[nodiscard]] bool is_in_doubt() const;
  /// Why nothing more is sent, once the peer hung up with a 421.
  [[nodiscard]] const std::optional<base::Failure>& loss() const { return loss_; }

  /// Starts a message; only when `need()` is message. `size` is the length of the canonical body if
  /// all of it is at hand, so that a single chunk can carry it. A parameter that the peer
  /// does not offer and that cannot be dropped makes an outcome of fate deferred at once. With a
  /// size the body that is added must have exactly that many octets.
  void begin(const Envelope& envelope, std::optional<std::size_t> size);
  /// A piece of the canonical body (lines end in CRLF, not dot-stuffed); only when `need()` is
  /// body. What is added to a message that is decided already is dropped.
  void add_body(std::string_view piece);
  /// The body is complete: the final dot or the last chunk goes out.
  void end_body();

  /// The next outcome that is decided, in the order of the messages; while the rest of an announced
  /// chunk is still needed, that message's outcome waits.
  [[nodiscard]] std::optional<MessageOutcome> take_outcome();

  /// No more messages: QUIT goes out. Only when `need()` is message; replies still due to
  /// outstanding messages are waited for (need() is peer), the one to QUIT is not. There is no QUIT
  /// where the peer has hung up.
  void finish();

  /// The line is lost or cannot be used on. Gives all outcomes not taken yet, in the order of the
  /// messages: every message begun and undecided is deferred for the reason in `failure`; one whose
  /// final dot began to be given to `sent`, or whose last chunk was given whole, as
  /// maybe_delivered.
  [[nodiscard]] std::vector<MessageOutcome> abandon(const base::Failure& failure);

 private:
  using TransactionPointer = std::shared_ptr<Transaction>;

  // client.cc: what is said, and when.
  void say(const std::string& line);
  void expect(ExpectedReply::To to, TransactionPointer transaction = {}, std::size_t recipient = 0);
  void say_envelope();
  void say_next_envelope_command();
  [[nodiscard]] bool is_line_free() const;
  void advance();
  void advance_current();
  void release_decided();
  void say_rset();
  void let_go_of_current();
  void say_quit_when_due();
  void lose(const base::Failure& failure);
  [[nodiscard]] Transaction* oldest_undecided() const;
  [[nodiscard]] bool is_lost() const { return loss_.has_value(); }
  [[nodiscard]] Need need_of_body() const;

  // client_content.cc: DATA, BDAT and the body.
  void open_content();
  [[nodiscard]] bool is_body_dropped() const;
  void add_to_announced_chunk(std::string_view piece);
  void end_data();
  void say_chunks();
  void say_chunk(std::size_t size, bool is_last);
  [[nodiscard]] bool may_say_chunk() const;

  // client_replies.cc: one function for each kind of reply.
  void on_reply(const Reply& reply);
  [[nodiscard]] bool is_due(const Reply& reply) const;
  void dispatch(const ExpectedReply& expected, const Reply& reply);
  void on_early_reply(const Reply& reply);
  void on_hang_up(const Reply& reply);
  void on_greeting(const Reply& reply);
  void on_ehlo(const Reply& reply);
  void on_helo(const Reply& reply);
  void on_mail(Transaction& transaction, const Reply& reply);
  void on_refused_mail(Transaction& transaction, const Reply& reply);
  void on_rcpt(Transaction& transaction, std::size_t recipient, const Reply& reply);
  void on_rcpt_behind_refused_mail(Transaction& transaction, const Reply& reply);
  void on_data(Transaction& transaction, const Reply& reply);
  void on_go_ahead_after_refusal(const Transaction& transaction, const Reply& reply);
  void on_chunk(Transaction& transaction, const Reply& reply);
  void on_end(Transaction& transaction, const Reply& reply);
  void on_rset(const Reply& reply);

  std::string helo_;
  Observer observer_;
  ReplyReader reader_;
  OutputBuffer output_;
  Capabilities capabilities_;
  std::deque<ExpectedReply> expected_;
  std::deque<TransactionPointer> transactions_;  ///< whose outcomes were not taken
  TransactionPointer current_;                   ///< the one whose commands are being given
  bool is_dropping_body_ = false;                ///< decided while its body was open
  std::size_t replies_received_ = 0;
  bool is_greeted_ = false;
  bool is_ready_ = false;  ///< EHLO or HELO was accepted
  /// A last chunk was refused, or a recipient taken behind a refused MAIL, and nothing was begun
  /// since: without RSET the next message might go to recipients of this one, too.
  bool is_envelope_left_ = false;
  bool is_finishing_ = false;
  bool is_quit_given_ = false;
  std::optional<base::Failure> loss_;  ///< why nothing more is sent
};

}  // namespace sshsm::smtp
