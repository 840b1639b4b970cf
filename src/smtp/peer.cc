#include "smtp/peer.h"

#include "base/failure.h"
#include "smtp/required_reply.h"

#include <utility>

namespace sshsm::smtp {

using base::Cause;

Peer::Peer(std::string helo, Observer observer)
    : helo_(std::move(helo)), observer_(std::move(observer)) {
  expect(For::greeting);
}

std::optional<Peer::Answer> Peer::receive(std::string_view& bytes) {
  while (std::optional<Reply> reply = replies_.read(
             bytes, is_greeted_ ? Cause::reply_malformed : Cause::text_before_greeting)) {
    ++replies_received_;
    observe(observer_, *reply);
    if (std::optional<Answer> answer = on_reply(*reply)) return answer;
  }
  return std::nullopt;
}

std::optional<Peer::Answer> Peer::on_reply(const Reply& reply) {
  if (reply.is_hang_up() && is_ready_) return Answer{To::hang_up, reply};
  if (expected_.empty()) return on_early_reply(reply);
  const Expected& next = expected_.front();
  if (output_.sent() < (reply.is_refusal() ? next.refusable_from : next.due_from))
    return on_early_reply(reply);
  // What is no answer leaves the question open, so that a message stays in doubt.
  return dispatch(next.command, reply);
}

/// Takes the question off the queue where the reply answers it.
std::optional<Peer::Answer> Peer::dispatch(For command, const Reply& reply) {
  switch (command) {
    case For::greeting:
      on_greeting(reply);
      return std::nullopt;
    case For::ehlo:
      on_ehlo(reply);
      return std::nullopt;
    case For::helo:
      on_helo(reply);
      return std::nullopt;
    case For::mail:
    case For::rcpt:
      require_no_go_ahead(command == For::mail ? "to MAIL" : "to RCPT", reply);
      expected_.pop_front();
      return Answer{command == For::mail ? To::mail : To::rcpt, reply};
    case For::rset:
    case For::noop:
      if (reply.code_class() != Reply::done)
        throw unexpected(command == For::rset ? "to RSET" : "to NOOP", reply);
      expected_.pop_front();
      return std::nullopt;
    case For::data:
      return on_data(reply);
    case For::chunk:
      return on_chunk(reply);
    case For::end:
      return on_end(reply);
  }
  return std::nullopt;
}

/// A reply to nothing we said. Inside DATA a refusal decides the message all the same; but there is
/// no way out of DATA except the final dot, so nothing more can be sent on this line.
Peer::Answer Peer::on_early_reply(const Reply& reply) {
  if (content_ != Content::data || !reply.is_refusal())
    throw unexpected("nothing was asked", reply);
  is_stuck_ = true;
  return decided(To::content, reply);
}

void Peer::on_greeting(const Reply& reply) {
  require_greeting(reply);
  expected_.pop_front();
  is_greeted_ = true;
  say("EHLO " + helo_);
  expect(For::ehlo);
}

void Peer::on_ehlo(const Reply& reply) {
  if (reply.code_class() == Reply::refused) {
    expected_.pop_front();
    say("HELO " + helo_);
    return expect(For::helo);
  }
  require_hello_done("to EHLO", reply);
  expected_.pop_front();
  capabilities_ = parse_capabilities(reply);
  is_ready_ = true;
}

void Peer::on_helo(const Reply& reply) {
  require_hello_done("to HELO", reply);
  expected_.pop_front();
  is_ready_ = true;
}

Wait Peer::wait() const {
  if (output_.has_unsent_body()) return Wait::block;
  if (expected_.empty()) return Wait::nothing;
  switch (expected_.front().command) {
    case For::greeting:
      return Wait::greeting;
    case For::data:
      return Wait::go_ahead;
    case For::chunk:
      return Wait::block;
    case For::end:
      return Wait::dot;
    case For::ehlo:
    case For::helo:
    case For::mail:
    case For::rcpt:
    case For::rset:
    case For::noop:
      break;
  }
  return Wait::reply;
}

Phase Peer::phase() const {
  if (!is_greeted_) return Phase::greeting;
  if (!is_ready_) return Phase::hello;
  if (content_ == Content::none) return Phase::envelope;
  return is_end_given_ ? Phase::dot : Phase::data;
}

bool Peer::is_in_doubt() const {
  return content_ != Content::none && output_.sent() >= doubt_from_;
}

bool Peer::may_say() const {
  if (!is_ready_) return false;
  return capabilities_.pipelining ? expected_.size() < max_unanswered : expected_.empty();
}

void Peer::say_mail(const std::string& line) {
  say(line);
  expect(For::mail);
}

void Peer::say_rcpt(const std::string& line) {
  say(line);
  expect(For::rcpt);
}

void Peer::say_rset() {
  say("RSET");
  expect(For::rset);
}

void Peer::say_noop() {
  say("NOOP");
  expect(For::noop);
}

void Peer::say_quit() {
  if (is_idle()) say("QUIT");
}

void Peer::drop_unsent() {
  expected_.clear();
  output_.drop_unsent();
  content_ = Content::none;
  held_.clear();
}

void Peer::say(const std::string& line) {
  output_.append(line + "\r\n");
  if (observer_) observer_('>', line);
}

void Peer::expect(For command) {
  expected_.push_back({command, output_.written(), output_.written()});
}

}  // namespace sshsm::smtp
