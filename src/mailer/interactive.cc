#include "mailer/interactive.h"

#include "base/failure.h"
#include "mailer/farewell.h"
#include "privilege/start.h"

#include <poll.h>

#include <array>

namespace sshsm::mailer {
namespace {

using base::Cause;
using base::Deadline;
using base::ExitStatus;
using base::Failure;
using Manner = smtp::Relay::Caller;

}  // namespace

Interactive::Interactive(Line& line, Caller& caller, base::Log& log, base::Trace& trace)
    : line_(line),
      caller_(caller),
      trace_(trace),
      log_({line.destination().name, "none", line.destination().port}, log, trace) {}

ExitStatus Interactive::run() {
  try {
    open(Manner::listens);
    converse();
  } catch (const Failure& failure) {
    lose(failure);
  }
  return end_session();
}

std::optional<ExitStatus> Interactive::try_to_run() {
  probation_.emplace();
  caller_.set_may_write_batch(true);
  try {
    open(Manner::may_not_listen);
    converse();
  } catch (const Failure& failure) {
    if (!line_.is_open() && !caller_.held().empty()) throw;
    lose(failure);
  }
  if (!is_batch()) return end_session();
  // His first command may be on its way, and its answer with it.
  if (relay_->is_greeted()) line_.open_another_channel(caller_);
  return std::nullopt;
}

std::string Interactive::taken() const {
  return probation_->passed() + std::string(caller_.held());
}

bool Interactive::is_batch() const {
  return probation_ && probation_->verdict() == Probation::Verdict::writes;
}

void Interactive::open(Manner manner) {
  line_.open(caller_);
  log_.set_address(line_.address());
  timeline_ = line_.timeline();
  smtp::Observer observer;
  if (trace_.is_on())
    observer = [this](char direction, std::string_view text) { trace_.dialogue(direction, text); };
  relay_.emplace(line_.destination().name, line_.host(), manner, std::move(observer));
}

void Interactive::converse() {
  for (;;) {
    feed();
    if (is_batch()) return;
    send_output();
    tell_caller();
    if (is_batch() || relay_->is_lost()) return;
    if (relay_->is_over() && relay_->to_caller().empty()) return line_.hang_up();
    if (caller_.is_deaf() || caller_.end_of_stay().passed()) throw Failure(Cause::caller_gone);
    wait_for_events();
    receive();
    check_deadlines();
  }
}

void Interactive::feed() {
  std::string_view input = caller_.held();
  if (probation_) input = input.substr(0, probation_->may_pass(input, caller_.has_ended()));
  if (input.empty() && !caller_.has_ended()) return;
  if (timeline_.envelope == Timeline::not_yet && !input.empty())
    timeline_.envelope = base::Clock::now();
  caller_.consume(relay_->feed(input));
  if (caller_.has_ended() && caller_.held().empty()) relay_->end_of_input();
  if (relay_->phase() == smtp::Phase::data && timeline_.data == Timeline::not_yet)
    timeline_.data = base::Clock::now();
}

void Interactive::send_output() {
  while (!relay_->to_server().empty()) {
    const std::size_t sent = line_.channel().write(relay_->to_server());
    if (sent == 0) return;
    relay_->sent_to_server(sent);
    line_.timer().restart();
    privilege::set_in_doubt(relay_->is_in_doubt());
  }
}

void Interactive::tell_caller() {
  if (relay_->to_caller().empty()) return;
  if (probation_ && probation_->verdict() == Probation::Verdict::open) caller_.hear_now();
  if (probation_ && !probation_->may_tell(caller_.held(), caller_.has_ended())) return;
  relay_->sent_to_caller(caller_.tell(relay_->to_caller()));
}

void Interactive::wait_for_events() {
  // What came while the channel was opened makes no descriptor readable any more.
  ssh::Channel& channel = line_.channel();
  if (!channel.received().empty() || channel.ended()) return;
  const bool has_words = !relay_->to_caller().empty();
  const bool is_held_back = has_words && probation_ && probation_->is_holding_back();
  std::array<pollfd, 3> watched{channel.interest(), caller_.input_interest(),
                                caller_.output_interest(has_words && !is_held_back)};
  Deadline until = earlier(line_.timer().deadline_of(relay_->wait()), channel.next_progress());
  until = earlier(until, caller_.end_of_stay());
  if (is_held_back) until = earlier(until, probation_->end_of_hold());
  poll(watched.data(), watched.size(), until.poll_timeout());
  caller_.hear(watched[1].revents);
}

void Interactive::receive() {
  const Line::Arrival arrival = line_.receive();
  if (!arrival.bytes.empty()) relay_->receive(arrival.bytes);
  if (relay_->is_greeted() && timeline_.greeted == Timeline::not_yet)
    timeline_.greeted = base::Clock::now();
  take_outcomes();
  if (relay_->is_over() || relay_->is_lost()) return;
  if (arrival.loss) throw Failure(*arrival.loss);
  if (line_.channel().ended())
    throw line_.explain_end(relay_->is_greeted(), relay_->unfinished_line(), caller_);
}

void Interactive::take_outcomes() {
  while (const std::optional<smtp::MessageOutcome> outcome = relay_->take_outcome()) {
    log_.record(*outcome, timeline_);
    if (outcome->phase == smtp::Phase::envelope) continue;
    const auto now = base::Clock::now();
    timeline_ = {now, now, now};
  }
  privilege::set_in_doubt(relay_->is_in_doubt());
}

void Interactive::check_deadlines() {
  if (relay_->replies_received() != replies_seen_) {
    replies_seen_ = relay_->replies_received();
    line_.timer().restart();
  }
  line_.timer().check(relay_->wait());
}

/// Who is told of it, and where the log says it happened: before there was a conversation the line
/// knows best.
void Interactive::lose(const Failure& failure) {
  log_.set_address(line_.address());
  const std::string_view phase = relay_ ? smtp::name_of(relay_->phase()) : line_.phase();
  if (!relay_) {
    timeline_ = line_.timeline();
    relay_.emplace(line_.destination().name, line_.host(), Manner::listens);
  }
  relay_->lose(failure);
  const std::optional<smtp::MessageOutcome> outcome = relay_->take_outcome();
  if (outcome)
    log_.record(*outcome, timeline_);
  else if (!relay_->is_success())
    log_.record(failure, phase, {}, timeline_);
}

ExitStatus Interactive::end_session() {
  privilege::set_in_doubt(false);
  line_.hang_up();
  take_leave(caller_, *relay_);
  return relay_->is_success() ? ExitStatus::accepted : ExitStatus::deferred;
}

}  // namespace sshsm::mailer
