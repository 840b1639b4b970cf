#include "smtp/client.h"

#include "base/text.h"
#include "smtp/envelope_commands.h"
#include "smtp/judgement.h"

#include <algorithm>
#include <utility>

namespace sshsm::smtp {
namespace {

using base::Cause;
using base::Failure;
using To = ExpectedReply::To;

std::shared_ptr<Transaction> make_transaction(const Envelope& envelope,
                                              std::optional<std::size_t> size) {
  auto transaction = std::make_shared<Transaction>();
  transaction->size = size;
  for (const Recipient& recipient : envelope.recipients)
    transaction->outcome.recipients.emplace_back().path = recipient.path;
  return transaction;
}

}  // namespace

Client::Client(std::string helo, Observer observer)
    : helo_(std::move(helo)), observer_(std::move(observer)) {
  expect(To::greeting);
}

Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

std::string_view Client::output() const {
  return output_.unsent();
}

void Client::sent(std::size_t count) {
  output_.sent(count);
}

bool Client::greeted() const {
  return is_greeted_;
}

const Capabilities& Client::capabilities() const {
  return capabilities_;
}

std::size_t Client::replies_received() const {
  return replies_received_;
}

std::string_view Client::unfinished_line() const {
  return reader_.unfinished_line();
}

Client::Need Client::need() const {
  if (is_finishing_) return is_quit_given_ || is_lost() ? Need::nothing : Need::peer;
  if (is_lost()) return Need::message;
  if (!is_ready_) return Need::peer;
  if (current_) return current_->is_body_open ? need_of_body() : Need::peer;
  return is_line_free() ? Need::message : Need::peer;
}

/// With PIPELINING an envelope may ride behind one unanswered dot, which ends a transaction
/// whatever its answer is. It does not ride behind RSET: if that were refused, the new recipients
/// would join the old ones.
bool Client::is_line_free() const {
  if (expected_.empty()) return true;
  return capabilities_.pipelining && expected_.size() == 1 && expected_.front().to == To::end;
}

Client::Need Client::need_of_body() const {
  const bool is_full =
      output_.unsent().size() >= max_unsent || current_->chunk.size() >= chunk_size;
  return is_full ? Need::peer : Need::body;
}

Wait Client::wait() const {
  if (is_lost() || is_quit_given_) return Wait::nothing;
  if (output_.has_unsent_body()) return Wait::block;
  if (expected_.empty()) return Wait::nothing;
  switch (expected_.front().to) {
    case To::greeting:
      return Wait::greeting;
    case To::data:
      return Wait::go_ahead;
    case To::chunk:
      return Wait::block;
    case To::end:
      return Wait::dot;
    case To::ehlo:
    case To::helo:
    case To::mail:
    case To::rcpt:
    case To::rset:
    case To::ignored:
      break;
  }
  return Wait::reply;
}

Phase Client::phase() const {
  if (!is_greeted_) return Phase::greeting;
  if (!is_ready_) return Phase::hello;
  const Transaction* const transaction = oldest_undecided();
  return transaction == nullptr ? Phase::envelope : transaction->phase();
}

void Client::begin(const Envelope& envelope, std::optional<std::size_t> size) {
  if (need() != Need::message) throw Failure(Cause::internal_error, "a message out of turn");
  const TransactionPointer transaction = make_transaction(envelope, size);
  transactions_.push_back(transaction);
  if (is_lost()) {
    settle_by_failure(transaction->outcome, phase(), *loss_);
    transaction->is_decided = true;
    return;
  }
  if (const auto missing = missing_parameter(envelope, capabilities_)) {
    settle_by_failure(transaction->outcome, Phase::envelope,
                      Failure(Cause::parameter_not_offered, *missing));
    transaction->is_decided = true;
    return;
  }
  is_dropping_body_ = false;
  transaction->commands = envelope_commands(envelope, capabilities_);
  current_ = transaction;
  say_envelope();
}

/// As much in one write as is safe. The state behind a refused BDAT is indeterminate (RFC 3030 2),
/// so no chunk rides behind an unanswered one of another message; a DATA that meets an odd state
/// can still be told from the answers.
void Client::say_envelope() {
  const bool is_idle = expected_.empty();
  say_next_envelope_command();
  if (!capabilities_.pipelining) return;
  while (current_->commands_given < current_->commands.size()) say_next_envelope_command();
  const bool may_ride = current_->commands.size() == 2 && (is_idle || !capabilities_.chunking);
  if (may_ride) open_content();
}

std::optional<MessageOutcome> Client::take_outcome() {
  if (transactions_.empty()) return std::nullopt;
  const TransactionPointer oldest = transactions_.front();
  if (!oldest->is_decided || oldest->chunk_left > 0) return std::nullopt;
  transactions_.pop_front();
  return std::move(oldest->outcome);
}

void Client::finish() {
  if (need() != Need::message) throw Failure(Cause::internal_error, "the end out of turn");
  is_finishing_ = true;
  say_quit_when_due();
}

std::vector<MessageOutcome> Client::abandon(const base::Failure& failure) {
  lose(failure);
  std::vector<MessageOutcome> outcomes;
  while (std::optional<MessageOutcome> outcome = take_outcome())
    outcomes.push_back(std::move(*outcome));
  return outcomes;
}

void Client::lose(const Failure& failure) {
  for (const TransactionPointer& transaction : transactions_) {
    transaction->chunk_left = 0;
    if (transaction->is_decided) continue;
    const bool is_in_doubt = transaction->is_in_doubt(output_.sent());
    if (transaction->sender_refusal && !is_in_doubt)
      settle_by_reply(transaction->outcome, Phase::envelope, *transaction->sender_refusal);
    else
      settle_by_failure(transaction->outcome, transaction->phase(),
                        is_in_doubt ? maybe_delivered(failure) : failure);
    transaction->is_decided = true;
  }
  if (!is_lost()) loss_ = failure;
  let_go_of_current();
  expected_.clear();
  output_.drop_unsent();
}

bool Client::is_in_doubt() const {
  return std::any_of(transactions_.begin(), transactions_.end(),
                     [this](const auto& one) { return one->is_in_doubt(output_.sent()); });
}

Transaction* Client::oldest_undecided() const {
  for (const TransactionPointer& transaction : transactions_)
    if (!transaction->is_decided) return transaction.get();
  return nullptr;
}

void Client::say(const std::string& line) {
  output_.append(line + "\r\n");
  if (observer_) observer_('>', line);
}

void Client::expect(To to, TransactionPointer transaction, std::size_t recipient) {
  expected_.push_back(
      {to, std::move(transaction), recipient, output_.written(), output_.written()});
}

void Client::say_next_envelope_command() {
  const std::size_t index = current_->commands_given++;
  say(current_->commands[index]);
  if (index == 0)
    expect(To::mail, current_);
  else
    expect(To::rcpt, current_, index - 1);
}

void Client::advance() {
  if (current_)
    advance_current();
  else if (is_envelope_left_ && expected_.empty() && !is_finishing_)
    say_rset();
  say_quit_when_due();
}

/// Gives the commands that the last reply, or the last piece of the body, made possible.
void Client::advance_current() {
  Transaction& transaction = *current_;
  if (transaction.is_decided) return release_decided();
  if (transaction.commands_given < transaction.commands.size()) {
    if (expected_.empty()) say_next_envelope_command();
    return;
  }
  if (transaction.content == Transaction::Content::none && transaction.is_envelope_accepted())
    open_content();
  say_chunks();
  if (!transaction.is_body_open && transaction.awaits_only_its_end()) current_.reset();
}

/// A message refused before its end may leave the peer in a transaction. RSET must wait where it
/// would be read as content: behind a DATA that may yet be answered 354, and inside a chunk.
void Client::release_decided() {
  if (current_->is_in_mid_command()) return;
  if (current_->is_left_open() || is_envelope_left_) say_rset();
  let_go_of_current();
}

void Client::say_rset() {
  say("RSET");
  expect(To::rset);
}

void Client::let_go_of_current() {
  is_dropping_body_ = current_ && current_->is_body_open;
  current_.reset();
}

void Client::say_quit_when_due() {
  if (!is_finishing_ || is_quit_given_ || is_lost() || !expected_.empty()) return;
  say("QUIT");
  is_quit_given_ = true;
}

}  // namespace sshsm::smtp
