#include "keeper/remote.h"

#include "mailer/diagnosis.h"
#include "smtp/required_reply.h"

#include <utility>

namespace sshsm::keeper {
namespace {

using base::Clock;
using base::Deadline;
using base::Failure;

/// What was worth waiting for has been waited for.
class NoWaiter final : public base::Waiter {
 public:
  short wait(int, short, Deadline) override { return 0; }
};

}  // namespace

Remote::Remote(Connection& connection, smtp::Observer observer, base::Waiter& waiter)
    : connection_(connection), observer_(std::move(observer)), timer_(connection.settings()) {
  timer_.start();
  const config::Destination& settings = connection.settings();
  channel_.emplace(connection.session(), settings, timer_.greeting_deadline(), waiter);
  peer_.emplace(settings.helo, observer_);
  connection_.note_opened();
}

Remote::~Remote() {
  channel_->close();
  channel_.reset();
  connection_.note_closed();
}

smtp::Peer Remote::lend() {
  smtp::Peer peer = *std::move(peer_);
  peer_.reset();
  timer_.restart();
  return peer;
}

void Remote::take_back(smtp::Peer peer) {
  peer.set_observer(observer_);
  peer_ = std::move(peer);
  replies_seen_ = peer_->replies_received();
  parked_at_ = Clock::now();
  timer_.restart();
}

bool Remote::is_ready() const {
  return peer_ && peer_->is_idle() && peer_->output().empty() && !is_leaving_ &&
         !connection_.is_retired() && !channel_->ended();
}

bool Remote::is_parked_since(Clock::time_point moment) const {
  return is_ready() && parked_at_ <= moment;
}

bool Remote::has_news() const {
  return !channel_->received().empty();
}

Deadline Remote::deadline() const {
  const Deadline end(ends_at_);
  return peer_ && !is_leaving_ ? earlier(end, timer_.deadline_of(peer_->wait())) : end;
}

std::string Remote::receive() {
  channel_->check_flood();
  std::string bytes(channel_->received());
  channel_->consume(bytes.size());
  return bytes;
}

void Remote::pump() {
  const std::string bytes = receive();
  if (is_leaving_) return say_good_bye();
  std::string_view rest = bytes;
  while (const std::optional<smtp::Peer::Answer> answer = peer_->receive(rest)) {
    // Nothing was asked of him but a greeting, RSET or NOOP: this is the end of his patience.
    throw smtp::hung_up(smtp::text_of(answer->reply));
  }
  send_output();
  if (peer_->is_ready() && !std::exchange(has_greeted_, true))
    connection_.note_greeting(peer_->capabilities());
  if (peer_->replies_received() != replies_seen_) {
    replies_seen_ = peer_->replies_received();
    timer_.restart();
  }
  if (connection_.loss()) throw Failure(*connection_.loss());
  timer_.check(peer_->wait());
  check_end();
}

void Remote::send_output() {
  while (!peer_->output().empty()) {
    const std::size_t sent = channel_->write(peer_->output());
    if (sent == 0) return;
    peer_->sent(sent);
    timer_.restart();
  }
}

void Remote::check_end() {
  if (!channel_->ended()) return;
  const bool is_status_due = !peer_->is_greeted() && !channel_->is_closed();
  if (!is_status_due || Deadline(ends_at_).passed()) explain_end();
  if (ends_at_ == Clock::time_point::max()) ends_at_ = Clock::now() + max_wait_for_status;
}

void Remote::explain_end() {
  if (peer_->is_greeted()) throw mailer::explain_hang_up(*channel_);
  NoWaiter waiter;
  throw mailer::explain_missing_greeting(*channel_, connection_.settings(),
                                         peer_->unfinished_line(), waiter);
}

void Remote::probe() {
  peer_->say_noop();
  parked_at_ = Clock::now();
  timer_.restart();
  send_output();
}

void Remote::leave() {
  is_leaving_ = true;
  ends_at_ = Clock::now() + max_leave;
  if (channel_->ended() || connection_.loss()) return;
  peer_->say_quit();
  say_good_bye();
}

void Remote::say_good_bye() {
  if (is_output_ended_ || channel_->ended()) return;
  send_output();
  if (!peer_->output().empty()) return;
  channel_->end_output();
  is_output_ended_ = true;
}

bool Remote::is_gone() const {
  return is_leaving_ &&
         (channel_->is_closed() || connection_.loss() || Deadline(ends_at_).passed());
}

}  // namespace sshsm::keeper
