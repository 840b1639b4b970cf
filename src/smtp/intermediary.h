#pragma once

#include "base/failure.h"
#include "smtp/outcome.h"
#include "smtp/wait.h"

#include <cstddef>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>

namespace sshsm::smtp {

/// Somebody between a caller, whom he answers, and the mail server at the far side, to whom he
/// speaks: what a front end needs to know of one. No descriptor, no clock; bytes from both in,
/// bytes to both out.
class Intermediary {
 public:
  Intermediary() = default;
  Intermediary(const Intermediary&) = delete;
  Intermediary& operator=(const Intermediary&) = delete;
  virtual ~Intermediary() = default;

  // The mail server's side.

  /// Bytes from the mail server. Throws `Failure` where he breaks the protocol; call `lose` then.
  virtual void receive(std::string_view bytes) = 0;
  [[nodiscard]] virtual std::string_view to_server() const = 0;
  virtual void sent_to_server(std::size_t count) = 0;
  [[nodiscard]] virtual bool is_greeted() const = 0;
  [[nodiscard]] virtual Wait wait() const = 0;
  [[nodiscard]] virtual Phase phase() const = 0;
  /// How many replies came so far: each restarts the time limit.
  [[nodiscard]] virtual std::size_t replies_received() const = 0;
  [[nodiscard]] virtual std::string_view unfinished_line() const = 0;
  /// True while the mail server may have all of a message whose answer did not come.
  [[nodiscard]] virtual bool is_in_doubt() const = 0;

  // The channel to the mail server.

  /// The mail server closed his end. True where that changes nothing, because the next message can
  /// have another channel; else the line is lost, and the reason is to be told by `lose`.
  [[nodiscard]] virtual bool survives_end_of_channel() { return false; }
  /// The next message needs another channel; once it is there, call `on_new_channel`. What is in
  /// `to_server` until then belongs to the one before.
  [[nodiscard]] virtual bool wants_channel() const { return false; }
  virtual void on_new_channel() {}

  // The caller's side.

  [[nodiscard]] virtual bool wants_input() const = 0;
  /// It is his turn, and he may take no longer than is allowed to be silent.
  [[nodiscard]] virtual bool awaits_caller() const { return false; }
  /// Takes bytes from the front of `bytes` as far as they may be taken now, and says how many.
  [[nodiscard]] std::size_t feed(std::string_view bytes);
  /// The caller will say no more than was fed.
  virtual void end_of_input() = 0;
  [[nodiscard]] virtual std::string_view to_caller() const = 0;
  virtual void sent_to_caller(std::size_t count) = 0;

  // How it ends.

  /// The line is lost or was never there, or the session is given up: the caller is told the reason
  /// and nothing goes to the mail server any more.
  virtual void lose(const base::Failure& failure) = 0;
  /// The same where he said nothing for too long: he is told at once, in a message, too.
  virtual void lose_idle_caller(const base::Failure& failure) { lose(failure); }
  /// Why the line was given up, once it was; `phase` then says where in the conversation.
  [[nodiscard]] virtual const std::optional<base::Failure>& loss() const = 0;
  [[nodiscard]] bool is_lost() const { return loss().has_value(); }
  /// Nothing is left but telling the caller what is in `to_caller`.
  [[nodiscard]] virtual bool is_over() const = 0;
  /// The input ended inside a transaction or a command, and so did the session.
  [[nodiscard]] virtual bool is_cut_short() const = 0;
  /// It ended as a session should, and every message was accepted.
  [[nodiscard]] virtual bool is_success() const = 0;
  /// What became of a message, or of a recipient or sender who was refused (one without a path).
  [[nodiscard]] std::optional<MessageOutcome> take_outcome();

 protected:
  void note_outcome(MessageOutcome outcome) { outcomes_.push_back(std::move(outcome)); }

 private:
  /// Takes one line or one piece of a message from the front, or what there is of it.
  virtual void feed_some(std::string_view& bytes) = 0;

  std::deque<MessageOutcome> outcomes_;
};

}  // namespace sshsm::smtp
