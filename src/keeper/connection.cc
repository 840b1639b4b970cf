#include "keeper/connection.h"

#include <algorithm>
#include <utility>

namespace sshsm::keeper {

using base::Clock;
using base::Failure;

Connection::Connection(std::unique_ptr<ssh::Session> session, std::unique_ptr<ssh::Dialler> dialler,
                       const ssh::Progress& progress, config::Destination settings,
                       std::string key_name)
    : dialler_(settings.proxy_command.empty() ? nullptr : std::move(dialler)),
      session_(std::move(session)),
      settings_(std::move(settings)),
      key_name_(std::move(key_name)),
      host_(progress.host),
      address_(progress.address) {}

Connection::~Connection() {
  session_->disconnect();
}

pollfd Connection::interest() const {
  // libssh has closed the socket of a lost one, and the number may be somebody else's by now.
  if (loss_) return {-1, 0, 0};
  return {session_->descriptor(), session_->interest(), 0};
}

base::Deadline Connection::next_check() const {
  return loss_ ? base::Deadline::never() : session_->next_check();
}

void Connection::progress() noexcept {
  if (loss_) return;
  session_->progress();
  try {
    session_->check_alive();
  } catch (const Failure& failure) {
    loss_ = failure;
  }
}

void Connection::lose(const Failure& failure) {
  if (!loss_) loss_ = failure;
}

bool Connection::passes(const mailer::Setup& setup) {
  const config::Destination& now = setup.destination;
  const auto same = [&](auto member) { return now.*member == settings_.*member; };
  if (!same(&config::Destination::user) || !same(&config::Destination::port) ||
      !same(&config::Destination::command) || setup.key.name() != key_name_)
    return false;
  const auto address_text = [](const config::Destination& settings) {
    return settings.smtp_address ? settings.smtp_address->text : std::string();
  };
  if (address_text(now) != address_text(settings_)) return false;
  const auto host = std::find(now.hosts.begin(), now.hosts.end(), host_);
  if (host == now.hosts.end()) return false;
  try {
    session_->check_host_key(setup.pins[static_cast<std::size_t>(host - now.hosts.begin())]);
    return true;
  } catch (const Failure&) {
    return false;
  }
}

bool Connection::may_open(unsigned max_sessions) const {
  const auto now = Clock::now();
  if (is_retired() || now < pause_ends_) return false;
  return channels_ < (now < limit_ends_ ? std::min(limit_, max_sessions) : max_sessions);
}

base::Deadline Connection::end_of_pause() const {
  const auto now = Clock::now();
  if (now < pause_ends_) return base::Deadline(pause_ends_);
  return now < limit_ends_ ? base::Deadline(limit_ends_) : base::Deadline::never();
}

void Connection::note_closed() {
  --channels_;
  closed_at_ = Clock::now();
}

/// Nobody waits for an answer now: the next packet will be the one to the question.
void Connection::note_greeting(const smtp::Capabilities& offered) {
  const bool is_first = !offered_;
  offered_ = offered;
  const bool may_ask = settings_.server_alive_interval.count() > 0;
  if (is_first && may_ask && !loss_) session_->ask_for_sign_of_life();
}

bool Connection::note_refusal() {
  const auto now = Clock::now();
  if (now - closed_at_ < time_to_end) {
    pause_ends_ = now + pause_to_end;
    return true;
  }
  return note_full();
}

bool Connection::note_full() {
  if (channels_ == 0) return false;
  limit_ = channels_;
  limit_ends_ = Clock::now() + limit_holds;
  return true;
}

}  // namespace sshsm::keeper
