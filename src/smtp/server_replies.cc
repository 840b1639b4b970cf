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
  while (!is_lost() && !is_quit_answered_ && !is_channel_gone_) {
    const std::optional<Peer::Answer> answer = peer_.receive(bytes);
    if (answer) on_answer(*answer);
    if (peer_.is_ready() && !is_caller_greeted_) greet_caller();
    if (!is_lost()) go_on();
    if (!answer) return;
  }
}

void Server::on_answer(const Peer::Answer& answer) {
  if (answer.to != To::hang_up) unanswered_.clear();
  switch (answer.to) {
    case To::mail:
      return on_mail_answer(answer.reply);
    case To::rcpt:
      return on_rcpt_answer(answer.reply);
    case To::content:
      return on_content_refusal(answer.reply);
    case To::end:
      return on_end_answer(answer.reply);
    case To::hang_up:
      return on_hang_up(answer.reply);
  }
}

void Server::greet_caller() {
  const std::string_view protocol = is_lmtp() ? " LMTP" : " ESMTP";
  offered_ = peer_.capabilities();
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

/// He who takes a recipient behind a sender whom he refused might take the message, too.
void Server::on_rcpt_answer(const Reply& reply) {
  if (!reply.is_refusal() && !is_mail_accepted_)
    throw unexpected("to RCPT behind a refused MAIL", reply);
  std::string path = std::move(paths_asked_.front());
  paths_asked_.pop_front();
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

/// The mail server still knows the envelope. In DATA there is no way out but the final dot: he is
/// left there, and the next message gets another channel.
void Server::on_content_refusal(const Reply& reply) {
  settle(Phase::data, reply);
  is_mail_accepted_ = false;
  if (!peer_.is_stuck()) return peer_.say_rset();
  peer_.drop_unsent();
  is_channel_gone_ = true;
}

void Server::on_end_answer(const Reply& reply) {
  settle(Phase::dot, reply);
  is_mail_accepted_ = false;
}

/// It may come before the caller is through with the message; he is told behind its dot.
void Server::settle(Phase phase, const Reply& reply) {
  settle_by_reply(message_, phase, reply);
  push_outcome();
  fate_ = reply;
  if (!body_reader_) tell_fate();
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
  fate_.reset();
  is_mail_given_ = false;
  message_ = {};
}

/// Between messages it costs nothing, nor where the message can begin again. Else he has told the
/// reason himself, whatever it answers: no message is in doubt behind it.
void Server::on_hang_up(const Reply& reply) {
  if (survives_end_of_channel()) return;
  const bool is_in_envelope = content_ == Content::none;
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
}

void Server::lose(const Failure& failure) {
  if (is_lost() || is_quit_answered_) return;
  give_up_message(failure);
  if (content_ == Content::none) tell_who_waits([&] { tell_loss(); });
  if (content_ == Content::sent) tell_fate();
}

void Server::lose_idle_caller(const Failure& failure) {
  give_up_message(failure);
  body_reader_.reset();
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

/// Calls `tell` once for each command that waits for its answer, or once where none does. A QUIT
/// that waits is answered as ever, and if it is all that waits nothing has failed.
void Server::tell_who_waits(const std::function<void()>& tell) {
  const bool has_quit = !waiting_.empty() && has_verb(waiting_.back().text, "QUIT");
  std::size_t due = paths_asked_.size() + (is_mail_unanswered_ ? 1 : 0) + waiting_.size();
  if (has_quit) --due;
  if (due == 0 && !has_quit) due = 1;
  if (due > 0) has_failed_ = true;
  for (; due > 0; --due) tell();
  waiting_.clear();
  paths_asked_.clear();
  is_mail_unanswered_ = false;
  if (has_quit) answer_quit();
}

void Server::tell_loss() {
  teller_.tell_failure("421", *loss_);
}

void Server::answer_quit() {
  say("221 2.0.0", "closing");
  is_quit_answered_ = true;
}

}  // namespace sshsm::smtp
