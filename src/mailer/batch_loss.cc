#include "base/failure.h"
#include "mailer/batch.h"

#include <optional>
#include <string>
#include <vector>

namespace sshsm::mailer {

using base::Failure;

void Batch::lose(const Failure& failure) {
  progress_.clear();
  log_.set_relay(line_.relay());
  report_.set_host(line_.host());
  opening_.banner = line_.timeline().banner;
  const bool is_explained = settle_undecided(failure);
  let_go_of_message();
  // A mail server that said 421 and hung up has told the reason itself.
  if (report_.tells_of_deferral() && !input_.has_part()) return;
  if (was_last_message()) return;
  record_unsent_message(failure);
  if (!is_explained) report_.add(failure);
}

/// Takes what the mail server decided before the line was lost, and defers the rest. True where
/// that has told of the failure.
bool Batch::settle_undecided(const Failure& failure) {
  bool is_explained = false;
  if (!client_) return is_explained;
  hear_the_last();
  for (const smtp::MessageOutcome& outcome : client_->abandon(failure)) {
    settle(line_.in_own_words(outcome));
    is_explained = is_explained || outcome.fate == smtp::Fate::deferred;
  }
  return is_explained;
}

/// Writing may have failed while the answer to the last message lay there unread.
void Batch::hear_the_last() {
  try {
    client_->receive(line_.channel().received());
  } catch (const Failure&) {
    // Whatever breaks the protocol now, the line is given up already.
  }
  line_.channel().consume(line_.channel().received().size());
}

/// True where the whole batch was read and decided, so that the loss of the line changes nothing:
/// 75 would send accepted mail again. It takes the end of the input to know: a message that
/// is still to come was not even offered, and 0 or 69 would lose it.
bool Batch::was_last_message() {
  while (!input_.has_part() && input_.wants_to_read())
    if (!wait_for_input()) return false;
  return !input_.has_part() && !input_.failure() && input_.is_over();
}

void Batch::record_unsent_message(const Failure& failure) {
  std::vector<std::string> paths;
  if (input_.has_part())
    for (const smtp::Recipient& recipient : input_.message().envelope.recipients)
      paths.push_back(recipient.path);
  const bool is_before_dialling = input_.failure() && !client_;
  log_.record(failure, is_before_dialling ? "start" : phase(), paths, timeline_of_next_message());
}

std::string_view Batch::phase() const {
  return client_ ? smtp::name_of(client_->phase()) : line_.phase();
}

}  // namespace sshsm::mailer
