#include "base/text.h"
#include "smtp/client.h"
#include "smtp/judgement.h"
#include "smtp/required_reply.h"

#include <utility>

namespace sshsm::smtp {
namespace {

using base::Cause;
using base::Failure;
using To = ExpectedReply::To;
using Content = Transaction::Content;

/// A reply that settles the whole message at once; later ones cannot change what it decided.
void decide(Transaction& transaction, Phase phase, const Reply& reply) {
  settle_by_reply(transaction.outcome, phase, reply);
  transaction.is_decided = true;
}

}  // namespace

void Client::receive(std::string_view bytes) {
  while (!is_lost() && !is_quit_given_) {
    const std::optional<Reply> reply =
        reader_.read(bytes, is_greeted_ ? Cause::reply_malformed : Cause::text_before_greeting);
    if (!reply) return;
    ++replies_received_;
    observe(observer_, *reply);
    on_reply(*reply);
  }
}

void Client::on_reply(const Reply& reply) {
  if (reply.is_hang_up() && is_ready_) return on_hang_up(reply);
  if (!is_due(reply)) return on_early_reply(reply);
  const ExpectedReply expected = std::move(expected_.front());
  expected_.pop_front();
  dispatch(expected, reply);
  advance();
}

bool Client::is_due(const Reply& reply) const {
  if (expected_.empty()) return false;
  const ExpectedReply& next = expected_.front();
  return output_.sent() >= (reply.is_refusal() ? next.refusable_from : next.due_from);
}

void Client::dispatch(const ExpectedReply& expected, const Reply& reply) {
  switch (expected.to) {
    case To::greeting:
      return on_greeting(reply);
    case To::ehlo:
      return on_ehlo(reply);
    case To::helo:
      return on_helo(reply);
    case To::mail:
      return on_mail(*expected.transaction, reply);
    case To::rcpt:
      return on_rcpt(*expected.transaction, expected.recipient, reply);
    case To::data:
      return on_data(*expected.transaction, reply);
    case To::chunk:
      return on_chunk(*expected.transaction, reply);
    case To::end:
      return on_end(*expected.transaction, reply);
    case To::rset:
      return on_rset(reply);
    case To::ignored:
      break;
  }
}

/// A reply to nothing we said. Inside DATA a refusal decides the message all the same; but there is
/// no way out of DATA except the final dot, so nothing more can be sent on this line.
void Client::on_early_reply(const Reply& reply) {
  Transaction* const transaction =
      expected_.empty() ? current_.get() : expected_.front().transaction.get();
  const bool is_in_data =
      transaction != nullptr && !transaction->is_decided && transaction->content == Content::data;
  if (!is_in_data || !reply.is_refusal()) throw unexpected("nothing was asked", reply);
  decide(*transaction, Phase::data, reply);
  lose(Failure(Cause::connection_lost, "a message was refused before its end", text_of(reply)));
}

void Client::on_hang_up(const Reply& reply) {
  const Phase in_phase = phase();
  Transaction* const transaction = oldest_undecided();
  if (transaction != nullptr && !transaction->sender_refusal) decide(*transaction, in_phase, reply);
  lose(Failure(Cause::connection_lost, {}, text_of(reply)));
}

void Client::on_greeting(const Reply& reply) {
  require_greeting(reply);
  is_greeted_ = true;
  say("EHLO " + helo_);
  expect(To::ehlo);
}

void Client::on_ehlo(const Reply& reply) {
  if (reply.code_class() == Reply::refused) {
    say("HELO " + helo_);
    return expect(To::helo);
  }
  require_hello_done("to EHLO", reply);
  capabilities_ = parse_capabilities(reply);
  is_ready_ = true;
}

void Client::on_helo(const Reply& reply) {
  require_hello_done("to HELO", reply);
  is_ready_ = true;
}

void Client::on_mail(Transaction& transaction, const Reply& reply) {
  if (reply.is_refusal()) return on_refused_mail(transaction, reply);
  if (reply.code_class() != Reply::done) throw unexpected("to MAIL", reply);
  transaction.is_mail_accepted = true;
  is_envelope_left_ = false;
}

/// Where a chunk rides behind it, whoever takes the recipient all the same may take the message.
void Client::on_refused_mail(Transaction& transaction, const Reply& reply) {
  if (transaction.content == Content::chunked)
    transaction.sender_refusal = reply;
  else
    decide(transaction, Phase::envelope, reply);
}

/// A go-ahead is out of place behind a refusal, too: if the replies were shifted, it would be that
/// to DATA, and what is said next would be read as a message.
void Client::on_rcpt(Transaction& transaction, std::size_t recipient, const Reply& reply) {
  require_no_go_ahead("to RCPT", reply);
  if (reply.code_class() == Reply::done) {
    ++transaction.recipients_accepted;
    is_envelope_left_ = is_envelope_left_ || !transaction.is_mail_accepted;
  }
  if (transaction.is_decided) return;
  if (transaction.sender_refusal) return on_rcpt_behind_refused_mail(transaction, reply);
  std::vector<RecipientOutcome>& recipients = transaction.outcome.recipients;
  note_answer(recipients[recipient], reply);
  const bool is_last = ++transaction.recipients_answered == recipients.size();
  if (!is_last || transaction.recipients_accepted == recipients.size()) return;
  settle_by_answers(transaction.outcome);
  transaction.is_decided = true;
}

void Client::on_rcpt_behind_refused_mail(Transaction& transaction, const Reply& reply) {
  if (!reply.is_refusal()) throw unexpected("to RCPT behind a refused MAIL", reply);
  decide(transaction, Phase::envelope, *transaction.sender_refusal);
}

void Client::on_data(Transaction& transaction, const Reply& reply) {
  const bool is_go_ahead = reply.code_class() == Reply::go_ahead;
  if (!is_go_ahead && !reply.is_refusal() && !transaction.is_decided)
    throw unexpected("to DATA", reply);
  transaction.content = is_go_ahead ? Content::data : Content::none;
  if (transaction.is_decided) {
    if (is_go_ahead) on_go_ahead_after_refusal(transaction, reply);
  } else if (is_go_ahead) {
    transaction.is_body_open = true;
  } else {
    decide(transaction, Phase::data, reply);
  }
}

/// Exim says 354 to a DATA that rode behind a refused RCPT. RFC 2920 3.1: a lone dot leads out. If
/// he took the recipient though he refused MAIL, the dot would deliver an empty message to him.
void Client::on_go_ahead_after_refusal(const Transaction& transaction, const Reply& reply) {
  if (transaction.recipients_accepted > 0) throw unexpected("to DATA behind a refused MAIL", reply);
  say(".");
  expect(To::ignored);
}

void Client::on_chunk(Transaction& transaction, const Reply& reply) {
  --transaction.chunks_unanswered;
  require_no_go_ahead("to BDAT", reply);
  if (transaction.is_decided) return;
  if (reply.is_refusal()) decide(transaction, Phase::data, reply);
}

void Client::on_end(Transaction& transaction, const Reply& reply) {
  require_no_go_ahead("to the end of a message", reply);
  if (transaction.is_decided) return;
  decide(transaction, Phase::dot, reply);
  is_envelope_left_ = transaction.content == Content::chunked && reply.is_refusal();
}

void Client::on_rset(const Reply& reply) {
  if (reply.code_class() != Reply::done) throw unexpected("to RSET", reply);
  is_envelope_left_ = false;
}

}  // namespace sshsm::smtp
