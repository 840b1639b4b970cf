#include "mailer/line.h"

#include "smtp/judgement.h"

#include <algorithm>

namespace sshsm::mailer {

Line::Arrival Line::receive() {
  Arrival arrival;
  try {
    channel().progress();
  } catch (const base::Failure& failure) {
    arrival.loss = failure;
  }
  arrival.bytes = channel().received();
  channel().consume(arrival.bytes.size());
  return arrival;
}

smtp::MessageOutcome Line::in_own_words(smtp::MessageOutcome outcome) {
  if (outcome.failure || outcome.recipients.empty()) return outcome;
  const std::string& reason = outcome.recipients.front().reason;
  const bool is_one_reply = std::all_of(outcome.recipients.begin(), outcome.recipients.end(),
                                        [&reason](const auto& recipient) {
                                          return recipient.is_cause && recipient.reason == reason;
                                        });
  if (!is_one_reply) return outcome;
  const std::optional<base::Failure> failure = failure_told_by(reason);
  if (failure) settle_by_failure(outcome, outcome.phase, *failure);
  return outcome;
}

}  // namespace sshsm::mailer
