#include "mailer/interactive.h"

#include "base/failure.h"
#include "base/text.h"
#include "mailer/farewell.h"
#include "privilege/start.h"
#include "smtp/relay.h"
#include "smtp/server.h"

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
    : line_(line), caller_(caller), trace_(trace), log_(line.relay(), log, trace) {}

ExitStatus Interactive::run() {
  return run_with(&Interactive::make_relay);
}

ExitStatus Interactive::run_lmtp() {
  return run_with(&Interactive::make_lmtp_server);
}

ExitStatus Interactive::run_with(Intermediary (Interactive::*make)() const) {
  try {
    open(make);
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
    open(&Interactive::make_patient_relay);
    converse();
  } catch (const Failure& failure) {
    if (!line_.is_open() && !caller_.held().empty()) throw;
    lose(failure);
  }
  if (!is_batch()) return end_session();
  // His first command may be on its way, and its answer with it; or half a greeting was read.
  if (has_heard_) line_.open_another_channel(caller_);
  return std::nullopt;
}

std::string Interactive::taken() const {
  return probation_->passed() + std::string(caller_.held());
}

bool Interactive::is_batch() const {
  return probation_ && probation_->verdict() == Probation::Verdict::writes;
}

Interactive::Intermediary Interactive::make_relay() const {
  return std::make_unique<smtp::Relay>(line_.destination().name, line_.host(), Manner::listens,
                                       observer());
}

Interactive::Intermediary Interactive::make_patient_relay() const {
  return std::make_unique<smtp::Relay>(line_.destination().name, line_.host(),
                                       Manner::may_not_listen, observer());
}

Interactive::Intermediary Interactive::make_lmtp_server() const {
  const config::Destination& destination = line_.destination();
  return std::make_unique<smtp::Server>(
      smtp::Server::Manner{.protocol = smtp::Protocol::lmtp,
                           .messages_per_channel = line_.messages_per_channel(),
                           .has_one_channel = line_.has_one_channel()},
      smtp::Server::Names{destination.helo, destination.name, line_.host()}, observer());
}

smtp::Observer Interactive::observer() const {
  if (!trace_.is_on()) return {};
  return [this](char direction, std::string_view text) { trace_.dialogue(direction, text); };
}

void Interactive::open(Intermediary (Interactive::*make)() const) {
  line_.open(caller_);
  log_.set_relay(line_.relay());
  timeline_ = line_.timeline();
  session_ = (this->*make)();
}

void Interactive::converse() {
  for (;;) {
    feed();
    if (is_batch()) return;
    send_output();
    if (session_->wants_channel()) replace_channel();
    tell_caller();
    if (is_batch() || session_->is_lost()) return;
    if (session_->is_cut_short()) throw Failure(Cause::caller_gone);
    if (session_->is_over() && session_->to_caller().empty()) return line_.hang_up();
    if (caller_.is_deaf() || caller_.end_of_stay().passed()) throw Failure(Cause::caller_gone);
    wait_for_events();
    receive();
    check_deadlines();
    check_caller();
  }
}

void Interactive::feed() {
  std::string_view input = caller_.held();
  is_input_left_ = false;
  if (probation_) input = input.substr(0, probation_->may_pass(input, caller_.has_ended()));
  if (input.empty() && !caller_.has_ended()) return;
  if (timeline_.envelope == Timeline::not_yet && !input.empty())
    timeline_.envelope = base::Clock::now();
  const std::size_t fed = session_->feed(input);
  caller_.consume(fed);
  is_input_left_ = fed < input.size();
  if (fed > 0) moved_at_ = base::Clock::now();
  if (caller_.has_ended() && caller_.held().empty()) session_->end_of_input();
  if (session_->phase() == smtp::Phase::data && timeline_.data == Timeline::not_yet)
    timeline_.data = base::Clock::now();
}

void Interactive::send_output() {
  while (!session_->to_server().empty()) {
    const std::size_t sent = line_.channel().write(session_->to_server());
    if (sent == 0) return;
    session_->sent_to_server(sent);
    line_.timer().restart();
    privilege::set_in_doubt(session_->is_in_doubt());
  }
}

void Interactive::tell_caller() {
  if (session_->to_caller().empty()) return;
  if (probation_ && probation_->verdict() == Probation::Verdict::open) caller_.hear_now();
  if (probation_ && !probation_->may_tell(caller_.held(), caller_.has_ended())) return;
  const std::size_t told = caller_.tell(session_->to_caller());
  session_->sent_to_caller(told);
  if (told > 0) told_at_ = base::Clock::now();
}

void Interactive::wait_for_events() {
  if (has_news()) return;
  base::ByteStream& channel = line_.channel();
  const bool has_words = !session_->to_caller().empty();
  const bool is_held_back = has_words && probation_ && probation_->is_holding_back();
  std::array<pollfd, 3> watched{channel.interest(), caller_.input_interest(),
                                caller_.output_interest(has_words && !is_held_back)};
  Deadline until = earlier(line_.timer().deadline_of(session_->wait()), channel.next_progress());
  until = earlier(earlier(until, caller_.end_of_stay()), end_of_patience());
  until = earlier(until, end_of_turn());
  if (is_held_back) until = earlier(until, probation_->end_of_hold());
  poll(watched.data(), watched.size(), until.poll_timeout());
  caller_.hear(watched[1].revents);
}

/// What came while the channel was opened makes no descriptor readable any more, nor does what the
/// caller said and the session could not take, where the other end took all there was at once.
bool Interactive::has_news() {
  if (is_input_left_ && session_->wants_input()) return true;
  const base::ByteStream& channel = line_.channel();
  return !channel.received().empty() || (channel.ended() && !session_->survives_end_of_channel());
}

void Interactive::replace_channel() {
  line_.open_another_channel(caller_);
  session_->on_new_channel();
}

void Interactive::receive() {
  // He has had no time yet to take what comes now, however long it was waited for.
  if (session_->to_caller().empty()) told_at_ = base::Clock::now();
  if (!session_->awaits_caller()) moved_at_ = base::Clock::now();
  const Line::Arrival arrival = line_.receive();
  has_heard_ = has_heard_ || !arrival.bytes.empty();
  if (!arrival.bytes.empty()) session_->receive(arrival.bytes);
  if (session_->is_greeted() && timeline_.greeted == Timeline::not_yet)
    timeline_.greeted = base::Clock::now();
  if (session_->is_lost()) return;
  static_cast<void>(take_outcomes());
  if (session_->is_over()) return;
  if (arrival.loss) throw Failure(*arrival.loss);
  if (line_.channel().ended() && !session_->survives_end_of_channel())
    throw line_.explain_end(session_->is_greeted(), session_->unfinished_line(), caller_);
}

bool Interactive::take_outcomes() {
  bool has_failures = false;
  while (const std::optional<smtp::MessageOutcome> outcome = session_->take_outcome()) {
    log_.record(line_.in_own_words(*outcome), timeline_);
    has_failures = has_failures || outcome->fate != smtp::Fate::accepted;
    if (outcome->phase == smtp::Phase::envelope) continue;
    const auto now = base::Clock::now();
    timeline_ = {now, now, now};
  }
  privilege::set_in_doubt(session_->is_in_doubt());
  return has_failures;
}

void Interactive::check_deadlines() {
  if (session_->replies_received() != replies_seen_) {
    replies_seen_ = session_->replies_received();
    line_.timer().restart();
  }
  line_.timer().check(session_->wait());
}

/// Who never takes a reply would hold us for ever, and we the far side.
void Interactive::check_caller() {
  if (end_of_patience().passed()) throw Failure(Cause::caller_not_listening, "takes no replies");
  if (!end_of_turn().passed()) return;
  session_->lose_idle_caller(
      Failure(Cause::answer_timed_out,
              base::concat({"the caller said nothing for ",
                            std::to_string(line_.destination().idle_timeout.count()), " s"})));
}

Deadline Interactive::end_of_turn() const {
  if (!session_->awaits_caller()) return Deadline::never();
  return Deadline(moved_at_ + line_.destination().idle_timeout);
}

Deadline Interactive::end_of_patience() const {
  if (session_->to_caller().empty()) return Deadline::never();
  return Deadline(told_at_ + line_.destination().timeout);
}

/// Before there was a conversation the line knows best how far it came.
void Interactive::lose(const Failure& failure) {
  log_.set_relay(line_.relay());
  if (session_) {
    hear_the_last();
    return session_->lose(failure);
  }
  timeline_ = line_.timeline();
  log_.record(failure, line_.phase(), {}, timeline_);
  session_ = make_relay();
  session_->lose(failure);
  is_loss_recorded_ = true;
}

/// Writing may have failed while the answer to the last message lay there unread.
void Interactive::hear_the_last() {
  if (!line_.is_open() || session_->is_lost() || line_.channel().received().empty()) return;
  try {
    session_->receive(line_.channel().received());
  } catch (const Failure&) {
    // Whatever breaks the protocol now, the line is given up already.
  }
  line_.channel().consume(line_.channel().received().size());
}

/// What was refused or lost behind the last reply explains the loss; without any a line of its own.
void Interactive::record_loss() {
  const bool is_explained = take_outcomes() || is_loss_recorded_;
  if (session_->loss() && !is_explained && !session_->is_success())
    log_.record(*session_->loss(), smtp::name_of(session_->phase()), {}, timeline_);
}

ExitStatus Interactive::end_session() {
  privilege::set_in_doubt(false);
  record_loss();
  line_.hang_up();
  take_leave(caller_, *session_);
  return session_->is_success() ? ExitStatus::accepted : ExitStatus::deferred;
}

}  // namespace sshsm::mailer
