#include "mailer/ssh_line.h"

#include "mailer/diagnosis.h"
#include "ssh/next_channel.h"

#include <utility>

namespace sshsm::mailer {

using base::Failure;

SshLine::SshLine(Setup setup, ssh::Dialler& dialler, base::Trace& trace)
    : Line(std::move(setup.destination)),
      pins_(std::move(setup.pins)),
      key_(std::move(setup.key)),
      dialler_(dialler),
      trace_(trace) {}

void SshLine::open(base::Waiter& waiter) {
  start_ = base::Clock::now();
  timer().start();
  const ssh::Means means{destination(), pins_, dialler_, waiter, trace_};
  session_ = ssh::connect(means, std::move(key_), timer().greeting_deadline(), progress_);
  channel_ =
      std::make_unique<ssh::Channel>(*session_, destination(), timer().greeting_deadline(), waiter);
}

void SshLine::open_another_channel(base::Waiter& waiter) {
  channel_->close();
  channel_.reset();
  timer().start();
  channel_ = ssh::open_next_channel(*session_, destination(), timer().greeting_deadline(), waiter);
}

void SshLine::hang_up() {
  channel_.reset();
  if (session_) session_->disconnect();
  session_.reset();
}

Failure SshLine::explain_end(bool is_greeted, std::string_view unfinished_line,
                             base::Waiter& waiter) {
  if (is_greeted) return explain_hang_up(*channel_);
  return explain_missing_greeting(*channel_, destination(), unfinished_line, waiter);
}

std::string_view SshLine::phase() const {
  if (!progress_.has_banner) return "dial";
  if (!progress_.is_host_proved) return "handshake";
  return progress_.is_logged_in ? "greeting" : "login";
}

const std::string& SshLine::host() const {
  return progress_.host.empty() ? destination().hosts.front() : progress_.host;
}

Relay SshLine::relay() const {
  return {destination().name, progress_.address.empty() ? "none" : progress_.address,
          destination().port};
}

Timeline SshLine::timeline() const {
  Timeline timeline;
  timeline.start = start_;
  if (progress_.has_banner) timeline.banner = progress_.banner_at;
  return timeline;
}

}  // namespace sshsm::mailer
