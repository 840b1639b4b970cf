#include "mailer/line.h"

#include "mailer/diagnosis.h"

#include <array>
#include <utility>

namespace sshsm::mailer {

using base::Cause;
using base::Failure;

namespace {

/// sshd counts a session to its MaxSessions until the command has ended, which takes the mail
/// server a moment behind the end of its input.
constexpr std::array<base::Milliseconds, 4> pauses_for_old_channel{
    base::Milliseconds(50), base::Milliseconds(150), base::Milliseconds(300),
    base::Milliseconds(1000)};

}  // namespace

Line::Line(Setup setup, ssh::Dialler& dialler, base::Trace& trace)
    : setup_(std::move(setup)), dialler_(dialler), trace_(trace), timer_(setup_.destination) {}

void Line::open(base::Waiter& waiter) {
  start_ = base::Clock::now();
  timer_.start();
  const ssh::Means means{setup_.destination, setup_.pins, dialler_, waiter, trace_};
  session_ = ssh::connect(means, std::move(setup_.key), timer_.greeting_deadline(), progress_);
  open_channel(waiter);
}

void Line::open_another_channel(base::Waiter& waiter) {
  channel_->close();
  channel_.reset();
  timer_.start();
  for (const base::Milliseconds pause : pauses_for_old_channel) {
    try {
      return open_channel(waiter);
    } catch (const Failure& failure) {
      if (failure.cause() != Cause::channel_refused) throw;
    }
    static_cast<void>(
        waiter.wait(-1, 0, earlier(base::Deadline::after(pause), timer_.greeting_deadline())));
  }
  open_channel(waiter);
}

void Line::open_channel(base::Waiter& waiter) {
  channel_ = std::make_unique<ssh::Channel>(*session_, setup_.destination,
                                            timer_.greeting_deadline(), waiter);
}

void Line::hang_up() {
  channel_.reset();
  if (session_) session_->disconnect();
  session_.reset();
}

Line::Arrival Line::receive() {
  Arrival arrival;
  try {
    channel_->progress();
  } catch (const Failure& failure) {
    arrival.loss = failure;
  }
  arrival.bytes = channel_->received();
  channel_->consume(arrival.bytes.size());
  return arrival;
}

Failure Line::explain_end(bool is_greeted, std::string_view unfinished_line, base::Waiter& waiter) {
  const auto& address = setup_.destination.smtp_address;
  if (!is_greeted && address) return explain_missing_greeting_of(*address, unfinished_line);
  if (!is_greeted) return explain_missing_greeting(*channel_, unfinished_line, waiter);
  return Failure(Cause::connection_lost, "the mail server ended the conversation",
                 last_words(channel_->command_end()));
}

std::string_view Line::phase() const {
  if (!progress_.has_banner) return "dial";
  if (!progress_.is_host_proved) return "handshake";
  return progress_.is_logged_in ? "greeting" : "login";
}

const std::string& Line::host() const {
  return progress_.host.empty() ? setup_.destination.hosts.front() : progress_.host;
}

std::string Line::address() const {
  return progress_.address.empty() ? "none" : progress_.address;
}

Timeline Line::timeline() const {
  Timeline timeline;
  timeline.start = start_;
  if (progress_.has_banner) timeline.banner = progress_.banner_at;
  return timeline;
}

}  // namespace sshsm::mailer
