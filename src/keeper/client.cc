#include "keeper/client.h"

#include "base/text.h"
#include "mailer/diagnosis.h"
#include "mailer/farewell.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <new>
#include <utility>

namespace sshsm::keeper {

using base::Cause;
using base::Clock;
using base::Deadline;
using base::Failure;

namespace {

smtp::Server::Manner manner_of(Kind kind) {
  const smtp::Protocol protocol = kind == Kind::lmtp ? smtp::Protocol::lmtp : smtp::Protocol::smtp;
  return {.protocol = protocol,
          .messages_per_channel = std::numeric_limits<std::size_t>::max(),
          .hands_over = true,
          .takes_chunks = kind == Kind::meeting};
}

smtp::Server::Names names_in(const Pool& pool) {
  const config::Destination& settings = pool.settings();
  return {settings.helo, settings.name, pool.host()};
}

}  // namespace

Client::Client(base::Descriptor socket, Person person, const Means& means)
    : pool_(means.pool),
      socket_(std::move(socket)),
      user_(person.user),
      log_({means.pool.settings().name, "none", means.pool.settings().port}, means.log,
           means.trace),
      server_(manner_of(person.kind), names_in(means.pool), means.observer) {
  // Replies in several pieces would wait for his delayed acknowledgement; a Unix socket has none.
  const int on = 1;
  setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  has_asked_ = true;
  within_memory([this] { pool_.request(*this, Pool::Want::greeting); });
}

Client::~Client() {
  if (has_asked_) pool_.cancel(*this);
  if (remote_ && server_.may_hand_over()) give_back();
}

bool Client::wants_to_hear() const {
  return !has_ended_ && server_.wants_input() && input_.size() < max_input;
}

pollfd Client::interest() const {
  short events = 0;
  if (wants_to_hear()) events |= POLLIN;
  if (!server_.to_caller().empty()) events |= POLLOUT;
  return {is_gone_ ? -1 : socket_.get(), events, 0};
}

Deadline Client::deadline() const {
  Deadline until = earlier(end_of_turn(), end_of_patience());
  until = earlier(earlier(until, end_of_farewell()), end_of_hold());
  return remote_ ? earlier(until, remote_->timer().deadline_of(server_.wait())) : until;
}

bool Client::has_news() const {
  if (is_gone_ && wants_to_hear()) return true;
  return remote_ &&
         (remote_->has_news() || remote_->channel().ended() || remote_->connection().loss());
}

bool Client::is_finished() const {
  if (is_given_up_) return true;
  const bool is_told = is_gone_ || server_.to_caller().empty();
  if (server_.is_over() || is_stopped_) return is_told && !remote_;
  // He waits for what cannot be told to him.
  return is_gone_ && !remote_ && !wants_to_hear();
}

void Client::turn(short events) {
  within_memory([&] { take_turn(events); });
}

template <typename Work>
void Client::within_memory(const Work& work) {
  try {
    work();
  } catch (const std::bad_alloc&) {
    run_out_of_memory();
  }
}

void Client::take_turn(short events) {
  if (is_given_up_) return;
  if ((events & (POLLHUP | POLLERR)) != 0) is_gone_ = true;
  if (wants_to_hear() && (is_gone_ || (events & POLLIN) != 0)) hear();
  try {
    converse();
    check_deadlines();
  } catch (const Failure& failure) {
    lose(failure);
  }
  is_in_doubt_ = server_.is_in_doubt();
  tell();
  if (server_.is_over() && remote_) drop_remote();
}

/// One piece at a time, so that one who sends without end leaves the others their turns.
void Client::hear() {
  std::array<char, max_input> buffer;
  const ssize_t count = recv(socket_.get(), buffer.data(), max_input - input_.size(), MSG_DONTWAIT);
  if (count < 0 && errno == EINTR) return;
  // Who takes no answers and says nothing either would be looked at again and again.
  if (count < 0 && errno == EAGAIN && !is_gone_) return;
  if (count <= 0)
    has_ended_ = true;
  else
    input_.append(buffer.data(), static_cast<std::size_t>(count));
}

/// What he has said in one breath leaves in one packet: nothing is sent before all of it was taken
/// up. Once the far side has taken all there was, what could not be taken up is: nobody might wake
/// us for it.
void Client::converse() {
  bool may_go_on = true;
  while (may_go_on) {
    if (remote_) receive();
    see_to_channel();
    may_go_on = feed();
    if (remote_) send_output();
    see_to_channel();
    may_go_on = may_go_on || (!input_.empty() && server_.wants_input());
  }
}

void Client::receive() {
  const std::string bytes = remote_->receive();
  if (!bytes.empty()) server_.receive(bytes);
  is_in_doubt_ = server_.is_in_doubt();
  take_outcomes();
  if (server_.replies_received() != replies_seen_) {
    replies_seen_ = server_.replies_received();
    remote_->timer().restart();
  }
  if (server_.is_lost() || server_.has_lost_channel()) return drop_remote();
  const std::optional<Failure>& loss = remote_->connection().loss();
  if (!loss && !remote_->channel().ended()) return;
  if (server_.survives_end_of_channel()) return drop_remote();
  if (loss) throw Failure(*loss);
  throw mailer::explain_hang_up(remote_->channel());
}

/// True where something was taken up.
bool Client::feed() {
  const std::size_t fed = server_.feed(input_);
  input_.erase(0, fed);
  if (fed > 0) moved_at_ = Clock::now();
  if (has_ended_ && input_.empty()) server_.end_of_input();
  if (server_.phase() == smtp::Phase::data && timeline_.data == mailer::Timeline::not_yet)
    timeline_.data = Clock::now();
  return fed > 0;
}

void Client::send_output() {
  while (remote_ && !server_.to_server().empty()) {
    const std::size_t sent = remote_->channel().write(server_.to_server());
    if (sent == 0) return;
    server_.sent_to_server(sent);
    is_in_doubt_ = server_.is_in_doubt();
    remote_->timer().restart();
  }
}

/// Between messages he holds no mail server: others may need one, and the next message begins with
/// another look at the pins.
void Client::see_to_channel() {
  if (remote_ && server_.is_through_with_channel()) give_back();
  if (remote_ || has_asked_ || !server_.wants_channel()) return;
  has_asked_ = true;
  timeline_ = {};
  pool_.request(*this, Pool::Want::message);
}

void Client::greet(const smtp::Capabilities& offered) {
  has_asked_ = false;
  within_memory([&] { server_.greet(offered); });
  turn(0);
}

void Client::lend(std::unique_ptr<Remote> remote) {
  has_asked_ = false;
  remote_ = std::move(remote);
  held_ = {};
  const auto now = Clock::now();
  timeline_.banner = timeline_.greeted = timeline_.envelope = now;
  within_memory([this] {
    log_.set_address(remote_->connection().address());
    server_.take_over(remote_->lend(), !remote_->connection().is_silent());
    replies_seen_ = server_.replies_received();
  });
  turn(0);
}

void Client::refuse(const Failure& failure) {
  has_asked_ = false;
  within_memory([&] {
    lose(failure);
    tell();
  });
}

void Client::give_back() {
  remote_->take_back(server_.hand_over());
  pool_.give_back(std::move(remote_));
}

/// What it has of a message is never completed.
void Client::drop_remote() {
  if (server_.may_hand_over()) return give_back();
  remote_.reset();
}

void Client::tell() {
  while (!is_gone_ && !server_.to_caller().empty()) {
    const std::string_view words = server_.to_caller();
    const ssize_t told =
        send(socket_.get(), words.data(), words.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (told < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (told < 0) is_gone_ = true;
    if (told <= 0) return;
    server_.sent_to_caller(static_cast<std::size_t>(told));
    told_at_ = Clock::now();
  }
}

void Client::take_outcomes() {
  while (const std::optional<smtp::MessageOutcome> outcome = server_.take_outcome()) {
    log_.record(*outcome, timeline_);
    pool_.note_fate(outcome->fate);
  }
}

void Client::check_deadlines() {
  if (remote_) remote_->timer().check(server_.wait());
  if (server_.to_caller().empty()) told_at_ = Clock::now();
  // The mail server may have given the session up by himself.
  if (server_.is_lost()) lost_at_ = std::min(lost_at_, Clock::now());
  if (!server_.is_lost() && !server_.awaits_caller()) moved_at_ = Clock::now();
  if (end_of_patience().passed() || end_of_farewell().passed()) is_given_up_ = true;
  count_hold();
  if (end_of_turn().passed())
    lose_idle(base::concat({"the client said nothing for ",
                            std::to_string(pool_.settings().idle_timeout.count()), " s"}));
  else if (end_of_hold().passed())
    lose_idle("others wait for this session");
}

void Client::lose_idle(const std::string& why) {
  server_.lose_idle_caller(Failure(Cause::answer_timed_out, why));
  lost_at_ = Clock::now();
  remote_.reset();
  take_outcomes();
}

void Client::count_hold() {
  const auto now = Clock::now();
  if (is_holding_) held_ += now - looked_at_;
  looked_at_ = now;
  is_holding_ = remote_ && server_.awaits_caller();
}

Deadline Client::end_of_hold() const {
  if (!is_holding_ || !pool_.has_waiting()) return Deadline::never();
  return Deadline(looked_at_ + (max_hold - held_));
}

void Client::lose(const Failure& failure) {
  server_.lose(failure);
  take_outcomes();
  lost_at_ = Clock::now();
  remote_.reset();
  if (std::exchange(has_asked_, false)) pool_.cancel(*this);
}

void Client::stop(const Failure& failure, bool at_once) {
  if (is_given_up_ || (remote_ && !at_once)) return;
  within_memory([&] {
    if (!server_.is_lost()) lose(failure);
    is_stopped_ = true;
    tell();
  });
}

Deadline Client::end_of_turn() const {
  if (!server_.awaits_caller()) return Deadline::never();
  return Deadline(moved_at_ + pool_.settings().idle_timeout);
}

Deadline Client::end_of_patience() const {
  if (server_.to_caller().empty()) return Deadline::never();
  return Deadline(told_at_ + pool_.settings().timeout);
}

/// Time to read the words and to say QUIT, and no more.
Deadline Client::end_of_farewell() const {
  if (!server_.is_lost() || lost_at_ == Clock::time_point::max()) return Deadline::never();
  return earlier(Deadline(lost_at_ + mailer::max_farewell),
                 Deadline(std::max(moved_at_, lost_at_) + mailer::max_farewell_pause));
}

}  // namespace sshsm::keeper
