#include "smtp/judgement.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace sshsm::smtp {
namespace {

constexpr auto mistakes_of_ours = std::to_array({500, 501, 502, 503, 504, 530, 535, 555});

std::string code_in(Fate fate, std::string code) {
  return fate == Fate::deferred ? as_deferred(std::move(code)) : code;
}

void share_fate(RecipientOutcome& recipient, Fate fate) {
  recipient.code = fate == Fate::deferred ? "4.0.0" : "5.0.0";
  recipient.reason = "another recipient was refused";
}

}  // namespace

Fate fate_of_refusal(const Reply& reply) noexcept {
  const bool is_mistake = std::find(mistakes_of_ours.begin(), mistakes_of_ours.end(), reply.code) !=
                          mistakes_of_ours.end();
  return reply.code_class() == Reply::refused && !is_mistake ? Fate::refused : Fate::deferred;
}

void settle_by_reply(MessageOutcome& outcome, Phase phase, const Reply& reply) {
  outcome.fate = reply.code_class() == Reply::done ? Fate::accepted : fate_of_refusal(reply);
  outcome.phase = phase;
  for (RecipientOutcome& recipient : outcome.recipients) {
    recipient.fate = outcome.fate;
    recipient.code = code_in(outcome.fate, status_code(reply));
    recipient.reason = text_of(reply);
    recipient.is_cause = true;
  }
}

void note_answer(RecipientOutcome& recipient, const Reply& reply) {
  recipient.fate = reply.is_refusal() ? fate_of_refusal(reply) : Fate::accepted;
  recipient.code = status_code(reply);
  recipient.reason = text_of(reply);
}

bool is_refused(const RecipientOutcome& recipient) noexcept {
  return !recipient.reason.empty() && recipient.fate != Fate::accepted;
}

void settle_by_answers(MessageOutcome& outcome) {
  const bool is_deferred =
      std::any_of(outcome.recipients.begin(), outcome.recipients.end(),
                  [](const RecipientOutcome& one) { return one.fate == Fate::deferred; });
  outcome.fate = is_deferred ? Fate::deferred : Fate::refused;
  outcome.phase = Phase::envelope;
  for (RecipientOutcome& recipient : outcome.recipients) {
    recipient.is_cause = recipient.fate == outcome.fate;
    if (is_refused(recipient))
      recipient.code = code_in(outcome.fate, recipient.code);
    else
      share_fate(recipient, outcome.fate);
    recipient.fate = outcome.fate;
  }
}

base::Failure maybe_delivered(const base::Failure& failure) {
  const std::string_view sentence = base::row_of(failure.cause()).sentence;
  const std::string_view separator = failure.detail().empty() ? "" : ": ";
  return base::Failure(base::Cause::maybe_delivered,
                       base::concat({sentence, separator, failure.detail()}), failure.peer_text());
}

void settle_by_failure(MessageOutcome& outcome, Phase phase, const base::Failure& failure) {
  outcome.fate = Fate::deferred;
  outcome.phase = phase;
  outcome.failure = failure;
  for (RecipientOutcome& recipient : outcome.recipients) {
    recipient.fate = Fate::deferred;
    recipient.code = base::row_of(failure.cause()).code;
    recipient.reason.clear();
    recipient.is_cause = true;
  }
}

}  // namespace sshsm::smtp
