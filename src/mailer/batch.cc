#include "mailer/batch.h"

#include "base/failure.h"
#include "base/text.h"
#include "privilege/start.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

namespace sshsm::mailer {
namespace {

using base::Cause;
using base::Deadline;
using base::Failure;
using Need = smtp::Client::Need;
using Wait = smtp::Wait;

constexpr std::size_t body_piece = 64 * 1024;
/// For what is left of a batch that is overdue already: most mail servers wait an hour for us.
constexpr std::chrono::seconds rest_patience{10};

}  // namespace

Batch::Batch(Line& line, base::Log& log, base::Trace& trace, ProgressLine& progress, Source source)
    : line_(line),
      trace_(trace),
      progress_(progress),
      descriptor_(source.descriptor),
      rest_(source.rest),
      input_(std::move(source)),
      report_(line.destination().name, line.host()),
      log_(line.relay(), log, trace),
      opening_(line.timeline()),
      batch_deadline_(Deadline::after(line.destination().batch_timeout)) {}

void Batch::run() {
  carry();
  progress_.clear();
  if (rest_ != nullptr) keep_rest();
}

void Batch::carry() {
  try {
    if (!line_.is_open()) read_first_message();
    if (line_.is_open() || input_.has_message()) {
      connect();
      converse();
    }
  } catch (const Failure& failure) {
    return lose(failure);
  } catch (const std::bad_alloc&) {
    // What it took is free again, and what is in doubt must be told.
    is_out_of_memory_ = true;
    return lose(Failure(Cause::resources_exhausted, "memory"));
  }
  note_why_no_more();
  if (!no_more_) return;
  record_unsent_message(*no_more_);
  report_.add(*no_more_);
}

void Batch::keep_rest() {
  // The far side need not wait for a caller who takes his time.
  line_.hang_up();
  const Deadline patience = Deadline::after(rest_patience);
  const Deadline until(std::max(patience.time(), batch_deadline_.time()));
  const std::optional<Failure> failure =
      is_out_of_memory_ ? input_.give_up_rest()
                        : input_.keep_rest(waiter_, until, line_.destination().idle_timeout);
  trace_.note(base::concat({"rest: ", std::to_string(rest_->size()), " octets"}));
  if (failure) report_.begin_with(*failure);
}

void Batch::read_first_message() {
  while (input_.wants_to_read() && wait_for_input()) continue;
  if (input_.wants_to_read()) throw Failure(Cause::batch_overdue, "its first message did not come");
}

/// False when the batch is overdue.
bool Batch::wait_for_input() {
  if (waiter_.wait(descriptor_, POLLIN, earlier(batch_deadline_, end_of_patience())) != 0)
    read_input();
  end_idle_input();
  return !is_overdue();
}

void Batch::read_input() {
  input_.read();
  read_at_ = base::Clock::now();
}

/// Who has said QUIT and keeps his input open may wait for us; or the next batch comes behind it
/// with a pause, and whoever ended too early would lose that. Before an answer nobody ends.
Deadline Batch::end_of_patience() const {
  if (!input_.has_quit() || !undecided_.empty()) return Deadline::never();
  return Deadline(read_at_ + line_.destination().idle_timeout);
}

void Batch::end_idle_input() {
  if (end_of_patience().passed() && input_.wants_to_read()) input_.end();
}

void Batch::connect() {
  if (!line_.is_open()) line_.open(waiter_);
  log_.set_relay(line_.relay());
  report_.set_host(line_.host());
  opening_ = line_.timeline();
  smtp::Observer observer;
  if (trace_.is_on())
    observer = [this](char direction, std::string_view line) {
      progress_.clear();
      trace_.dialogue(direction, line);
    };
  client_.emplace(line_.destination().helo, std::move(observer));
}

void Batch::converse() {
  for (;;) {
    // Who takes all there is at once will not wake us to ask for more.
    do send_output();
    while (serve_client());
    take_outcomes();
    if (client_->need() == Need::nothing) break;
    wait_for_events();
    receive();
    check_deadlines();
  }
  // QUIT is on its way; its answer changes nothing, and Exim takes 200 ms over it.
  line_.hang_up();
}

/// True where there is something new to send.
bool Batch::serve_client() {
  bool has_moved = false;
  while (give_what_is_needed()) has_moved = true;
  return has_moved;
}

bool Batch::give_what_is_needed() {
  switch (client_->need()) {
    case Need::message:
      return begin_next_message();
    case Need::body:
      return pass_body();
    case Need::peer:
    case Need::nothing:
      break;
  }
  return false;
}

bool Batch::begin_next_message() {
  if (opening_.greeted == Timeline::not_yet) opening_.greeted = base::Clock::now();
  take_outcomes();
  if (is_message_begun_) {
    // With a rest file its fate comes first; else it was decided before its body was through.
    if (rest_ != nullptr) return false;
    let_go_of_message();
  }
  note_why_no_more();
  if (no_more_ || input_.is_over()) {
    client_->finish();
    return true;
  }
  if (!input_.has_message()) return false;
  IncomingMessage& message = input_.message();
  undecided_.push_back(timeline_of_next_message());
  undecided_.back().envelope = base::Clock::now();
  is_message_begun_ = true;
  message.is_passed_on = true;
  body_passed_ = 0;
  progress_.begin(message.body.size());
  client_->begin(message.envelope,
                 message.is_whole ? std::optional(message.body.size()) : std::nullopt);
  return true;
}

/// Connecting was done for the first one; the others did not wait for it.
Timeline Batch::timeline_of_next_message() {
  if (std::exchange(is_opening_counted_, true)) {
    const auto now = base::Clock::now();
    return {now, now, now};
  }
  return opening_;
}

bool Batch::pass_body() {
  if (undecided_.back().data == Timeline::not_yet) undecided_.back().data = base::Clock::now();
  if (add_piece_of_body()) return true;
  note_why_no_more();
  if (no_more_) {
    // Its final dot must never be sent; but first hear what becomes of the message before it.
    if (undecided_.size() > 1) return false;
    throw *std::exchange(no_more_, std::nullopt);
  }
  if (!input_.message().is_whole) return false;
  client_->end_body();
  if (rest_ == nullptr) let_go_of_message();
  return true;
}

void Batch::let_go_of_message() {
  if (std::exchange(is_message_begun_, false)) input_.drop_message();
}

bool Batch::add_piece_of_body() {
  std::string& body = input_.message().body;
  if (body_passed_ == body.size()) return false;
  const std::string_view piece = std::string_view(body).substr(body_passed_, body_piece);
  client_->add_body(piece);
  body_passed_ += piece.size();
  if (body_passed_ == body.size()) {
    body.clear();
    body_passed_ = 0;
  }
  return true;
}

void Batch::send_output() {
  while (!client_->output().empty()) {
    const std::size_t sent = line_.channel().write(client_->output());
    if (sent == 0) return;
    client_->sent(sent);
    progress_.advance(sent);
    line_.timer().restart();
    note_doubt();
  }
}

void Batch::note_doubt() const {
  privilege::set_in_doubt((is_any_accepted_ && rest_ == nullptr) || client_->is_in_doubt());
}

void Batch::wait_for_events() {
  // What came while the channel was opened makes no descriptor readable any more.
  base::ByteStream& channel = line_.channel();
  if (!channel.received().empty() || channel.ended()) return;
  std::array<pollfd, 2> watched{channel.interest(), {descriptor_, POLLIN, 0}};
  const nfds_t count = input_.wants_to_read() ? 2 : 1;
  Deadline until = earlier(line_.timer().deadline_of(client_->wait()), channel.next_progress());
  if (client_->wait() != Wait::dot) until = earlier(until, batch_deadline_);
  if (count == 2) until = earlier(until, end_of_patience());
  poll(watched.data(), count, until.poll_timeout());
  if (count == 2 && watched[1].revents != 0) read_input();
  end_idle_input();
}

void Batch::receive() {
  const Line::Arrival arrival = line_.receive();
  if (!arrival.bytes.empty()) client_->receive(arrival.bytes);
  take_outcomes();
  if (client_->need() == Need::nothing) return;
  if (client_->loss()) throw Failure(*client_->loss());
  if (arrival.loss) throw Failure(*arrival.loss);
  if (line_.channel().ended())
    throw line_.explain_end(client_->greeted(), client_->unfinished_line(), waiter_);
}

void Batch::take_outcomes() {
  while (const std::optional<smtp::MessageOutcome> outcome = client_->take_outcome()) {
    settle(line_.in_own_words(*outcome));
    note_doubt();
  }
}

void Batch::settle(const smtp::MessageOutcome& outcome) {
  progress_.clear();
  log_.record(outcome, undecided_.front());
  report_.set_host(line_.host());
  report_.add(outcome);
  undecided_.pop_front();
  is_any_accepted_ = is_any_accepted_ || outcome.fate == smtp::Fate::accepted;
  if (rest_ == nullptr) return;
  if (outcome.fate != smtp::Fate::accepted) return let_go_of_message();
  is_message_begun_ = false;
  input_.drop_accepted_message();
}

void Batch::check_deadlines() {
  if (client_->replies_received() != replies_seen_) {
    replies_seen_ = client_->replies_received();
    line_.timer().restart();
  }
  line_.timer().check(client_->wait());
  const bool is_dot_to_come = client_->wait() != Wait::dot && client_->need() != Need::message;
  if (is_overdue() && is_dot_to_come) throw Failure(Cause::batch_overdue);
}

void Batch::note_why_no_more() {
  if (!no_more_) no_more_ = input_.failure();
  if (!no_more_ && is_overdue() && !input_.is_over()) no_more_.emplace(Cause::batch_overdue);
}

}  // namespace sshsm::mailer
