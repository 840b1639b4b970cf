#include "admin/own_command.h"
#include "admin/steps.h"
#include "base/failure.h"
#include "base/text.h"
#include "mailer/diagnosis.h"
#include "smtp/reply.h"
#include "ssh/forwarding.h"

#include <optional>
#include <string>

namespace sshsm::admin {
namespace {

using base::Cause;
using base::Deadline;
using base::Failure;

/// A command that was not forced has answered by then. Whoever is silent for longer runs something
/// else, and the step of the greeting waits for that.
constexpr base::Milliseconds patience_for_output{5000};
/// A mail server ends on QUIT or on the end of its input.
constexpr base::Milliseconds patience_for_end{2000};
/// No message of the day is longer; more is not read to find out what runs.
constexpr std::size_t max_output = 64UL * 1024;

enum class Outcome { has_run, greets, ended, floods, silent };

void move(ssh::Channel& channel, Deadline deadline, base::Waiter& waiter) {
  const pollfd interest = channel.interest();
  [[maybe_unused]] const short events =
      waiter.wait(interest.fd, interest.events, earlier(deadline, channel.next_progress()));
  channel.progress();
}

Outcome watch(ssh::Channel& channel, const OwnCommand& command, Examination& examination) {
  const Deadline deadline =
      earlier(Deadline::after(patience_for_output), examination.timer->greeting_deadline());
  for (;;) {
    const std::string_view output = channel.received();
    if (command.has_run(output)) return Outcome::has_run;
    if (has_greeting(output)) return Outcome::greets;
    if (channel.ended()) return Outcome::ended;
    if (output.size() > max_output) return Outcome::floods;
    if (deadline.passed()) return Outcome::silent;
    move(channel, deadline, examination.waiter);
  }
}

/// Goes on until something is over or time is up; what comes meanwhile is dropped.
template <typename Condition>
void drain(ssh::Channel& channel, Condition is_over, Deadline deadline, base::Waiter& waiter) {
  while (!is_over() && !deadline.passed()) {
    channel.consume(channel.received().size());
    move(channel, deadline, waiter);
  }
}

/// sshd counts the sessions that are open (MaxSessions), so the next one waits for the end of this.
void end(ssh::Channel& channel, Outcome outcome, base::Waiter& waiter) {
  const Deadline deadline = Deadline::after(patience_for_end);
  if (outcome == Outcome::greets) {
    std::string_view quit = "QUIT\r\n";
    // Closing at once would take the word away before it is read there.
    const auto has_quit = [&] {
      quit.remove_prefix(channel.write(quit));
      return channel.ended();
    };
    drain(channel, has_quit, deadline, waiter);
  }
  channel.close();
  drain(
      channel, [&] { return channel.is_closed(); }, deadline, waiter);
}

/// In the words of the mailer, which meets the same end where it waits for the greeting.
[[noreturn]] void fail_without_greeting(ssh::Channel& channel, Examination& examination) {
  smtp::ReplyReader reader;
  std::string_view output = channel.received();
  // Throws for text that is no reply, and there is none: a greeting would have been seen.
  [[maybe_unused]] const auto none = reader.read(output, Cause::text_before_greeting);
  throw mailer::explain_missing_greeting(channel, examination.settings(), reader.unfinished_line(),
                                         examination.waiter);
}

config::Destination with_command(const config::Destination& destination, std::string command) {
  config::Destination other = destination;
  other.smtp_address.reset();
  other.command = std::move(command);
  return other;
}

Outcome run(const OwnCommand& command, Examination& examination) {
  const config::Destination& settings = examination.settings();
  ssh::Channel channel(*examination.session, with_command(settings, command.text()),
                       examination.timer->greeting_deadline(), examination.waiter);
  const Outcome outcome = watch(channel, command, examination);
  const bool is_end = outcome == Outcome::ended || outcome == Outcome::floods;
  if (is_end && !settings.smtp_address) fail_without_greeting(channel, examination);
  end(channel, outcome, examination.waiter);
  return outcome;
}

/// A key for smtp-address needs no command at all.
bool is_harmless_refusal(const Failure& failure, const Examination& examination) {
  return failure.cause() == Cause::channel_refused && examination.settings().smtp_address;
}

}  // namespace

Finding try_own_command(Examination& examination) {
  const OwnCommand command;
  examination.timer->start();
  try {
    if (run(command, examination) == Outcome::has_run) throw Failure(Cause::command_not_forced);
  } catch (const Failure& failure) {
    if (!is_harmless_refusal(failure, examination)) throw;
    return {"ours was refused"};
  }
  return {"ours was ignored"};
}

Finding try_forwarding(Examination& examination) {
  // Where nothing listens, so that nobody is disturbed if we are let through.
  const config::SmtpAddress elsewhere{"127.0.0.1", 1, "127.0.0.1:1"};
  examination.timer->start();
  const Deadline deadline = examination.timer->greeting_deadline();
  if (ssh::may_connect_to(*examination.session, elsewhere, deadline, examination.waiter))
    throw Failure(Cause::forwarding_open, "a connection from there to " + elsewhere.text);
  if (ssh::may_listen(*examination.session, deadline, examination.waiter))
    throw Failure(Cause::forwarding_open, "connections to there that come to us");
  return {"refused in both directions"};
}

}  // namespace sshsm::admin
