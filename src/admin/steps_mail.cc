#include "admin/steps.h"
#include "base/failure.h"
#include "base/text.h"
#include "mailer/report.h"
#include "smtp/judgement.h"
#include "smtp/required_reply.h"
#include "ssh/next_channel.h"

#include <utility>

namespace sshsm::admin {
namespace {

using base::Cause;
using base::concat;
using base::Failure;
using smtp::Reply;

constexpr std::size_t max_keyword = 64;
constexpr std::size_t max_offer = 300;

std::string quoted(const Reply& reply) {
  return base::quoted(text_of(reply), base::max_peer_text);
}

void open_channel(Examination& examination) {
  examination.timer->start();
  // In the place of that of our own command.
  examination.channel =
      ssh::open_next_channel(*examination.session, examination.settings(),
                             examination.timer->greeting_deadline(), examination.waiter);
}

/// What an answer to EHLO offers, behind its first line.
std::string offer_of(const Reply& reply) {
  std::string offer;
  for (std::size_t i = 1; i < reply.lines.size() && offer.size() < max_offer; ++i)
    offer += concat({offer.empty() ? "" : ", ", base::printable(reply.lines[i], max_keyword)});
  return offer.empty() ? "no extensions" : base::shortened(std::move(offer), max_offer);
}

/// In the words that a batch is told where its message is refused.
Finding refusal_of(const smtp::MessageOutcome& outcome, const Examination& examination) {
  mailer::Report report(examination.arguments.destination, examination.host());
  report.add(outcome);
  std::string sentence = report.text();
  sentence.resize(sentence.find('\n'));
  const bool is_final = outcome.fate == smtp::Fate::refused;
  return {.seen = is_final ? "refused" : "not taken now",
          .fault = Fault{is_final ? "refused" : "deferred", std::move(sentence),
                         "ask who runs the mail server there whether the address is right, and "
                         "whether he takes mail for it from sendmail -bs"}};
}

smtp::MessageOutcome outcome_for(const Examination& examination) {
  smtp::MessageOutcome outcome;
  outcome.recipients.emplace_back().path = concat({"<", examination.arguments.to, ">"});
  return outcome;
}

}  // namespace

Finding open_smtp_address(Examination& examination) {
  open_channel(examination);
  return {base::printable(examination.settings().smtp_address->text, max_offer) + " is open"};
}

Finding hear_greeting(Examination& examination) {
  if (!examination.channel) open_channel(examination);
  examination.conversation.emplace(*examination.channel, examination.settings(), *examination.timer,
                                   examination.waiter);
  const Reply reply = examination.conversation->greeting();
  smtp::require_greeting(reply);
  return {quoted(reply)};
}

Finding say_hello(Examination& examination) {
  const std::string& name = examination.settings().helo;
  const Reply reply = examination.conversation->ask("EHLO " + name);
  if (reply.code_class() != Reply::refused) {
    smtp::require_hello_done("to EHLO", reply);
    return {offer_of(reply)};
  }
  smtp::require_hello_done("to HELO", examination.conversation->ask("HELO " + name));
  return {"EHLO was refused, HELO was not"};
}

Finding give_sender(Examination& examination) {
  const Reply reply = examination.conversation->ask("MAIL FROM:<>");
  if (!reply.is_refusal() && reply.code_class() != Reply::done)
    throw smtp::unexpected("to MAIL", reply);
  if (!reply.is_refusal()) return {quoted(reply)};
  smtp::MessageOutcome outcome = outcome_for(examination);
  settle_by_reply(outcome, smtp::Phase::envelope, reply);
  return refusal_of(outcome, examination);
}

Finding give_recipient(Examination& examination) {
  const Reply reply =
      examination.conversation->ask(concat({"RCPT TO:<", examination.arguments.to, ">"}));
  smtp::require_no_go_ahead("to RCPT", reply);
  if (!reply.is_refusal()) return {quoted(reply)};
  smtp::MessageOutcome outcome = outcome_for(examination);
  note_answer(outcome.recipients.front(), reply);
  settle_by_answers(outcome);
  return refusal_of(outcome, examination);
}

Finding take_back(Examination& examination) {
  const Reply reply = examination.conversation->ask("RSET");
  if (reply.is_hang_up()) throw Failure(Cause::connection_lost, {}, text_of(reply));
  if (reply.code_class() != Reply::done) throw smtp::unexpected("to RSET", reply);
  return {quoted(reply)};
}

Finding say_good_bye(Examination& examination) {
  return {quoted(examination.conversation->ask("QUIT"))};
}

}  // namespace sshsm::admin
