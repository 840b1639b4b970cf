#include "base/text.h"
#include "smtp/judgement.h"
#include "smtp/required_reply.h"
#include "smtp/server.h"

#include <utility>

namespace sshsm::smtp {
namespace {

using base::Failure;
using To = Peer::To;

}  // namespace

void Server::receive(std::string_view bytes) {
  while (!is_lost() && !is_last_word_said_ && !is_channel_gone_) {
    const std::optional<Peer::Answer> answer = peer_.receive(bytes);
    if (answer) on_answer(*answer);
    if (peer_.is_ready() && !is_caller_greeted_) greet_caller(peer_.capabilities());
    if (!is_lost()) go_on();
    if (!answer) return;
  }
}

void Server::on_answer(const Peer::Answer& answer) {
  if (answer.to != To::hang_up) {
    unanswered_.clear();
    if (content_ == Content::sent) held_.clear();
  }
  switch (answer.to) {
    case To::mail:
      return on_mail_answer(answer.reply);
    case To::rcpt:
      return on_rcpt_answer(answer.reply);
    case To::go_ahead:
      return on_go_ahead();
    case To::content:
      return on_content_refusal(answer.reply);
    case To::end:
      return on_end_answer(answer.reply);
    case To::hang_up:
      return on_hang_up(answer.reply);
  }
}

void Server::greet_caller(const Capabilities& offered) {
  const std::string_view protocol = is_lmtp() ? " LMTP" : " ESMTP";
  offered_ = offered;
  teller_.tell_line(teller_.own_reply(base::concat({"220 ", names_.helo, protocol}), "ready"));
  is_caller_greeted_ = true;
}

/// A refused sender is told with each recipient: Exim leaves the words of a refused MAIL out of its
/// bounce, those of a refused RCPT it quotes.
void Server::on_mail_answer(const Reply& reply) {
  is_mail_unanswered_ = false;
  is_mail_accepted_ = !reply.is_refusal();
  if (is_mail_accepted_) return teller_.tell(reply);
  sender_refusal_ = reply;
  say("250 2.1.0", "the mail server's refusal comes with each recipient");
}

/// He who takes a recipient behind a sender whom he refused might take the message, too: where all
/// of it has left, it is in doubt.
void Server::on_rcpt_answer(const Reply& reply) {
  if (!reply.is_refusal() && !is_mail_accepted_) {
    sender_refusal_.reset();
    throw unexpected("to RCPT behind a refused MAIL", reply);
  }
  std::string path = std::move(paths_asked_.front());
  paths_asked_.pop_front();
  if (reply.is_refusal() && content_ != Content::none) peer_.call_off();
  if (sender_refusal_) return refuse_sender(std::move(path));
  if (reply.is_refusal()) return on_envelope_refusal("RCPT", std::move(path), reply);
  message_.recipients.emplace_back().path = std::move(path);
  teller_.tell(reply);
}

void Server::refuse_sender(std::string path) {
  on_envelope_refusal("MAIL", std::move(path), *sender_refusal_);
}

void Server::on_envelope_refusal(std::string_view command, std::string path, const Reply& reply) {
  MessageOutcome outcome;
  outcome.recipients.emplace_back().path = std::move(path);
  settle_by_reply(outcome, Phase::envelope, reply);
  note_outcome(std::move(outcome));
  teller_.tell_refusal(command, reply);
}

/// The answer to DATA that rides.
void Server::on_go_ahead() {
  if (content_ != Content::asked) return;
  body_reader_.emplace(*commands_.line_end());
  content_ = Content::streamed;
  teller_.tell_line("354 end the message with a dot");
}

/// What rode behind a recipient who was refused was for nobody, whatever it is answered.
void Server::on_ride_in_vain() {
  if (is_mail_accepted_ || peer_.capabilities().chunking) peer_.say_rset();
  is_mail_given_ = is_mail_accepted_ = false;
  content_ = Content::none;
  has_failed_ = true;
  say("503 5.5.1", "no recipient was accepted");
}

/// The mail server still knows the envelope. In DATA there is no way out but the final dot: he is
/// left there, and the next message gets another channel.
void Server::on_content_refusal(const Reply& reply) {
  if (message_.recipients.empty()) return on_ride_in_vain();
  settle(Phase::data, reply);
  is_mail_accepted_ = false;
  peer_.is_stuck() ? leave_channel() : peer_.say_rset();
}

/// A final dot ends the transaction whatever its answer is. What is left of it behind a refused
/// BDAT is not said anywhere (RFC 3030 2), and the next recipients must not join these.
void Server::on_end_answer(const Reply& reply) {
  if (message_.recipients.empty()) return on_ride_in_vain();
  settle(Phase::dot, reply);
  is_mail_accepted_ = false;
  if (reply.is_refusal() && peer_.capabilities().chunking) peer_.say_rset();
}

/// It may come before the caller is through with the message; he is told behind its end.
void Server::settle(Phase phase, const Reply& reply) {
  settle_by_reply(message_, phase, reply);
  push_outcome();
  fate_ = reply;
  if (content_ == Content::sent || content_ == Content::asked) tell_fate();
}

/// In LMTP one answer for each recipient who was accepted (RFC 2033 4.2).
void Server::tell_fate() {
  const std::size_t count = is_lmtp() ? message_.recipients.size() : 1;
  for (std::size_t i = 0; i < count; ++i) {
    if (!fate_)
      teller_.tell_failure("451", *loss_);
    else if (fate_->is_refusal())
      teller_.tell_refusal("the message", *fate_);
    else
      teller_.tell(*fate_);
  }
  if (!fate_ || fate_->is_refusal()) has_failed_ = true;
  content_ = Content::none;
  chunk_.reset();
  held_.clear();
  fate_.reset();
  is_mail_given_ = false;
  message_ = {};
}

/// Between messages it costs nothing, nor where the message can begin again. Else he has told the
/// reason himself, whatever it answers: no message is in doubt behind it.
void Server::on_hang_up(const Reply& reply) {
  if (may_begin_again()) begin_again();
  if (survives_end_of_channel()) return;
  const bool is_in_envelope = content_ == Content::none || is_envelope_due();
  if (is_in_envelope) {
    take_in_unanswered();
    settle_by_reply(message_, Phase::envelope, reply);
    push_outcome();
  }
  const Phase in_phase = phase();
  if (!is_in_envelope && !fate_) settle(in_phase, reply);
  give_up_line(hung_up(text_of(reply)));
  phase_at_loss_ = in_phase;
  if (is_in_envelope) tell_who_waits([&] { teller_.tell(reply); });
  if (is_content_answer_due()) tell_fate();
}

void Server::lose(const Failure& failure) {
  if (is_lost() || is_last_word_said_) return;
  give_up_message(failure);
  const bool is_told_behind_content = is_in_content() || is_content_answer_due();
  if (!is_told_behind_content || count_who_wait() > 0) tell_who_waits([&] { tell_loss(); });
  if (is_content_answer_due()) tell_fate();
}

void Server::lose_idle_caller(const Failure& failure) {
  give_up_message(failure);
  body_reader_.reset();
  chunk_.reset();
  content_ = Content::none;
  tell_who_waits([&] { tell_loss(); });
}

/// What is not decided stays with the caller: nobody else has it, or it may be that nobody has.
void Server::give_up_message(const Failure& failure) {
  const Failure loss = is_in_doubt() ? maybe_delivered(failure) : failure;
  if (!fate_) {
    take_in_unanswered();
    settle_by_failure(message_, phase(), loss);
    push_outcome();
  }
  give_up_line(loss);
}

void Server::give_up_line(Failure loss) {
  phase_at_loss_ = phase();
  peer_.drop_unsent();
  wants_channel_ = false;
  loss_ = std::move(loss);
}

/// Those whose RCPT is unanswered share the fate of the message.
void Server::take_in_unanswered() {
  for (const std::string& path : paths_asked_) message_.recipients.emplace_back().path = path;
}

void Server::push_outcome() {
  if (!message_.recipients.empty()) note_outcome(message_);
}

/// Commands whose answer is due. That of a message is not one.
std::size_t Server::count_who_wait() const {
  return paths_asked_.size() + (is_mail_unanswered_ ? 1 : 0) + waiting_.size() +
         (content_ == Content::asked ? 1 : 0);
}

/// Calls `tell` once for each command that waits for its answer, or once where none does. A QUIT
/// that waits is answered as ever, and if it is all that waits nothing has failed.
void Server::tell_who_waits(const std::function<void()>& tell) {
  const bool has_quit = !waiting_.empty() && has_verb(waiting_.back().text, "QUIT");
  std::size_t due = count_who_wait();
  if (has_quit) --due;
  if (due == 0 && !has_quit) due = 1;
  if (due > 0) has_failed_ = true;
  for (; due > 0; --due) tell();
  waiting_.clear();
  paths_asked_.clear();
  is_mail_unanswered_ = false;
  if (content_ == Content::asked) content_ = Content::none;
  if (has_quit) answer_quit();
}

void Server::tell_loss() {
  teller_.tell_failure("421", *loss_);
}

/// One who leaves so much unread does not read: to stop taking what he writes would hold up both.
void Server::tell_loss_to_reader() {
  if (teller_.untold().size() < max_untold) tell_loss();
}

void Server::answer_quit() {
  say("221 2.0.0", "closing");
  is_last_word_said_ = true;
}

}  // namespace sshsm::smtp
