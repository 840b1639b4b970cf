#pragma once

#include "base/failure.h"
#include "smtp/outcome.h"
#include "smtp/reply.h"

namespace sshsm::smtp {

/// What becomes of a message, by the rules of the three exit statuses. Nothing here knows where in
/// the conversation a reply came, only what it says.

/// A refusal for good: 5yz but 500-504, 530, 535 and 555, which are a mistake of ours or of an
/// administrator and must bounce nobody's mail. All other refusals defer.
[[nodiscard]] Fate fate_of_refusal(const Reply& reply) noexcept;

/// One reply for all recipients: to MAIL, DATA, a chunk or the dot. 2yz accepts, so only give it
/// the answer to the final dot or a refusal.
void settle_by_reply(MessageOutcome& outcome, Phase phase, const Reply& reply);

/// Notes the answer to one RCPT; `settle_by_answers` judges when all are in.
void note_answer(RecipientOutcome& recipient, const Reply& reply);

/// True when a recipient's noted answer is a refusal.
[[nodiscard]] bool is_refused(const RecipientOutcome& recipient) noexcept;

/// At least one recipient was refused: any deferral defers the message, only refusals refuse it.
/// Those who caused that keep their reply; one refused for good in a deferred message keeps his
/// reply with a code of class 4; one who was accepted is told `another recipient was refused`, with
/// 4.0.0 or 5.0.0.
void settle_by_answers(MessageOutcome& outcome);

/// No reply decides it but a failure of ours or of the line: all are deferred for that reason.
void settle_by_failure(MessageOutcome& outcome, Phase phase, const base::Failure& failure);

/// The same failure in the words for a message that the peer may have in full.
[[nodiscard]] base::Failure maybe_delivered(const base::Failure& failure);

}  // namespace sshsm::smtp
