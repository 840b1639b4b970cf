#pragma once

#include "base/failure.h"
#include "base/waiter.h"
#include "config/destination.h"
#include "ssh/channel.h"

#include <string_view>

namespace sshsm::mailer {

/// Why the far side ended the conversation without a greeting: its exit status, the signal that
/// killed it and its stderr say more than silence does. Waits a second at most for the exit status.
/// Where the host connects to an `smtp-address` there is no command, and nothing is waited for.
/// `unfinished_line` is what it said on its output without a line end.
[[nodiscard]] base::Failure explain_missing_greeting(ssh::Channel& channel,
                                                     const config::Destination& destination,
                                                     std::string_view unfinished_line,
                                                     base::Waiter& waiter);

/// The same behind a greeting: what the forced command said on its stderr is all there is to tell.
[[nodiscard]] base::Failure explain_hang_up(const ssh::Channel& channel);

}  // namespace sshsm::mailer
