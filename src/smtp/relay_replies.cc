#include "base/text.h"
#include "smtp/judgement.h"
#include "smtp/relay.h"
#include "smtp/required_reply.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sshsm::smtp {
namespace {

using base::Cause;
using base::Failure;

/// What a relay that passes lines can keep its word for. STARTTLS, AUTH and CHUNKING change how the
/// line is spoken; nothing is known of what others mean.
constexpr auto passed_keywords = std::to_array<std::string_view>(
    {"ENHANCEDSTATUSCODES", "PIPELINING", "SIZE", "8BITMIME", "DSN", "SMTPUTF8"});

bool is_passed(std::string_view line) {
  const std::string_view word = line.substr(0, line.find_first_of(" \t="));
  return std::any_of(
      passed_keywords.begin(), passed_keywords.end(),
      [word](std::string_view keyword) { return base::equals_ignoring_case(word, keyword); });
}

Reply with_passed_keywords(Reply reply) {
  if (reply.lines.empty()) return reply;
  reply.lines.erase(std::remove_if(reply.lines.begin() + 1, reply.lines.end(),
                                   [](const std::string& line) { return !is_passed(line); }),
                    reply.lines.end());
  return reply;
}

}  // namespace

void Relay::receive(std::string_view bytes) {
  while (!is_lost() && !is_quit_answered_) {
    const std::optional<Reply> reply =
        replies_.read(bytes, is_greeted_ ? Cause::reply_malformed : Cause::text_before_greeting);
    if (!reply) return;
    ++replies_received_;
    observe(observer_, *reply);
    on_reply(*reply);
    if (teller_.untold().size() > max_flood)
      throw Failure(Cause::reply_malformed, "too much at once");
  }
}

void Relay::on_reply(const Reply& reply) {
  if (reply.is_hang_up() && is_greeted_) return on_hang_up(reply);
  if (expected_.empty() || to_server_.sent() < expected_.front().due_from)
    return on_early_reply(reply);
  // What is no answer leaves the question open, so that a message stays in doubt.
  dispatch(expected_.front(), reply);
  expected_.pop_front();
  tell_own_answers();
}

void Relay::dispatch(const Expected& expected, const Reply& reply) {
  switch (expected.to) {
    case To::greeting:
      return on_greeting(reply);
    case To::ehlo:
      return on_ehlo(reply);
    case To::helo:
      return on_helo(reply);
    case To::mail:
      return on_mail(reply);
    case To::rcpt:
      return on_rcpt(expected.text, reply);
    case To::data:
      return on_data(reply);
    case To::dot:
      return on_dot(reply);
    case To::rset:
      return on_rset(reply);
    case To::quit:
      return on_quit(reply);
    case To::other:
      require_no_go_ahead("to a command", reply);
      return tell(reply);
    case To::nothing:
      break;
  }
}

/// He has told the reason himself, whatever it answers: no message is in doubt behind it.
void Relay::on_hang_up(const Reply& reply) {
  const bool must_answer_quit = is_quit_given() && !is_quit_due();
  is_quit_answered_ = is_quit_due();
  if (!is_quit_answered_) has_failed_ = true;
  settle(phase(), reply);
  expected_.clear();
  give_up_line(hung_up(text_of(reply)));
  tell(reply);
  if (must_answer_quit) answer_quit();
}

/// A reply to nothing we said. Inside a message a refusal is the answer to it all the same; but
/// there is no way out of DATA except the final dot, so nothing more can be sent on this line.
void Relay::on_early_reply(const Reply& reply) {
  const bool is_in_message =
      body_reader_ || (!expected_.empty() && expected_.front().to == To::dot);
  if (!is_in_message || !reply.is_refusal()) throw unexpected("nothing was asked", reply);
  settle(Phase::data, reply);
  on_refusal("the message", reply);
  expected_.clear();
  lose(Failure(Cause::connection_lost, "a message was refused before its end", text_of(reply)));
}

void Relay::on_greeting(const Reply& reply) {
  require_greeting(reply);
  is_greeted_ = true;
  tell(reply);
}

/// A refusal passes: the caller says HELO then.
void Relay::on_ehlo(const Reply& reply) {
  require_no_go_ahead("to EHLO", reply);
  reply.is_refusal() ? tell(reply) : on_hello_done(reply);
}

/// A refusal says nothing of any mail, but there is no other way left, and the caller would bounce.
void Relay::on_helo(const Reply& reply) {
  require_no_go_ahead("to HELO", reply);
  if (reply.code_class() == Reply::refused) return teller_.reject("HELO", reply);
  reply.is_refusal() ? tell(reply) : on_hello_done(reply);
}

void Relay::on_hello_done(const Reply& reply) {
  capabilities_ = parse_capabilities(reply);
  end_transaction();
  tell(with_passed_keywords(reply));
}

void Relay::on_mail(const Reply& reply) {
  require_no_go_ahead("to MAIL", reply);
  if (reply.is_refusal()) return on_envelope_refusal("MAIL", {}, reply);
  message_ = {};
  is_in_transaction_ = true;
  tell(reply);
}

void Relay::on_rcpt(const std::string& path, const Reply& reply) {
  require_no_go_ahead("to RCPT", reply);
  if (reply.is_refusal()) return on_envelope_refusal("RCPT", path, reply);
  if (message_.recipients.size() < max_recorded) message_.recipients.emplace_back().path = path;
  tell(reply);
}

void Relay::on_envelope_refusal(std::string_view command, const std::string& path,
                                const Reply& reply) {
  MessageOutcome outcome;
  outcome.recipients.emplace_back().path = path;
  settle_by_reply(outcome, Phase::envelope, reply);
  note_outcome(std::move(outcome));
  on_refusal(command, reply);
}

void Relay::on_data(const Reply& reply) {
  if (reply.code_class() == Reply::go_ahead) {
    body_reader_.emplace(*commands_.line_end());
    stuffer_ = {};
    body_size_ = 0;
    return tell(reply);
  }
  if (!reply.is_refusal()) throw unexpected("to DATA", reply);
  settle(Phase::data, reply);
  is_data_refused_ = true;
  has_failed_ = true;
  on_refusal("DATA", reply);
}

void Relay::on_dot(const Reply& reply) {
  require_no_go_ahead("to the end of a message", reply);
  settle(Phase::dot, reply);
  is_in_transaction_ = false;
  has_accepted_ = has_accepted_ || !reply.is_refusal();
  if (!reply.is_refusal()) return tell(reply);
  has_failed_ = true;
  on_refusal("the message", reply);
}

void Relay::on_rset(const Reply& reply) {
  require_no_go_ahead("to RSET", reply);
  if (!reply.is_refusal()) end_transaction();
  tell(reply);
}

void Relay::on_quit(const Reply& reply) {
  tell(reply);
  is_quit_answered_ = true;
}

/// The message, or what of it is known, shares the fate that one reply gives.
void Relay::settle(Phase phase, const Reply& reply) {
  MessageOutcome outcome = std::exchange(message_, {});
  if (outcome.recipients.empty()) return;
  settle_by_reply(outcome, phase, reply);
  note_outcome(std::move(outcome));
}

void Relay::end_transaction() {
  is_in_transaction_ = false;
  message_ = {};
}

void Relay::tell_loss() {
  teller_.tell_failure("421", *loss_);
}

void Relay::on_refusal(std::string_view command, const Reply& reply) {
  has_refusal_ = true;
  teller_.tell_refusal(command, reply);
}

/// Behind the answers to what he said before.
void Relay::answer_in_turn(std::string_view code, std::string_view text) {
  expected_.push_back({To::nothing, teller_.own_reply(code, text), 0});
  tell_own_answers();
}

void Relay::tell_own_answers() {
  while (!is_lost() && !expected_.empty() && expected_.front().to == To::nothing) {
    teller_.tell_line(expected_.front().text);
    expected_.pop_front();
  }
}

}  // namespace sshsm::smtp
