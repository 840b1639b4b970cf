#include "mailer/diagnosis.h"

#include "smtp/required_reply.h"

#include <poll.h>

#include <string>

namespace sshsm::mailer {
namespace {

using base::Cause;
using base::Failure;

/// The exit status of a forced command comes right behind the end of its output, or never.
constexpr base::Milliseconds patience_for_exit_status{1000};

void wait_for_command_end(ssh::Channel& channel, base::Waiter& waiter) {
  const base::Deadline deadline = base::Deadline::after(patience_for_exit_status);
  while (!channel.is_closed() && !deadline.passed()) {
    const pollfd interest = channel.interest();
    if (waiter.wait(interest.fd, interest.events, deadline) == 0) return;
    channel.progress();
  }
}

/// The end of what the forced command said on its stderr, without its line end: what it said last
/// says most.
std::string last_words(const ssh::CommandEnd& end) {
  std::string_view words = end.error_output;
  words = words.substr(0, words.find_last_not_of(" \r\n") + 1);
  if (words.size() > base::max_peer_text) words.remove_prefix(words.size() - base::max_peer_text);
  return std::string(words);
}

}  // namespace

Failure explain_missing_greeting(ssh::Channel& channel, const config::Destination& destination,
                                 std::string_view unfinished_line, base::Waiter& waiter) {
  if (destination.smtp_address)
    return Failure(Cause::smtp_address_silent, destination.smtp_address->text,
                   std::string(unfinished_line));
  wait_for_command_end(channel, waiter);
  const ssh::CommandEnd& end = channel.command_end();
  if (!end.exit_signal.empty())
    return Failure(Cause::command_failed, "killed by signal " + end.exit_signal, last_words(end));
  if (end.exit_status.value_or(0) > 0)
    return Failure(Cause::command_failed, "exit status " + std::to_string(*end.exit_status),
                   last_words(end));
  // A prompt without a line end is no reply, but it says what is wrong ("Password: ").
  return Failure(Cause::no_greeting, "the forced command ended",
                 unfinished_line.empty() ? last_words(end) : std::string(unfinished_line));
}

Failure explain_hang_up(const ssh::Channel& channel) {
  return smtp::hung_up(last_words(channel.command_end()));
}

}  // namespace sshsm::mailer
