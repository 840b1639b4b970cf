#pragma once

#include "base/failure.h"
#include "base/waiter.h"
#include "config/destination.h"
#include "ssh/channel.h"

#include <string>
#include <string_view>

namespace sshsm::mailer {

/// The end of what the forced command said on its stderr, without its line end: what it said last
/// says most.
[[nodiscard]] std::string last_words(const ssh::CommandEnd& end);

/// Why the far side ended the conversation without a greeting: its exit status, the signal that
/// killed it and its stderr say more than silence does. Waits a second at most for the exit status.
/// `unfinished_line` is what it said on its output without a line end.
[[nodiscard]] base::Failure explain_missing_greeting(ssh::Channel& channel,
                                                     std::string_view unfinished_line,
                                                     base::Waiter& waiter);

/// The same where the host connects to `address` and there is no command: nothing more is told than
/// `unfinished_line`, so nothing is waited for.
[[nodiscard]] base::Failure explain_missing_greeting_of(const config::SmtpAddress& address,
                                                        std::string_view unfinished_line);

}  // namespace sshsm::mailer
