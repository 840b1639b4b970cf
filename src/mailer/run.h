#pragma once

#include "base/exit_status.h"

#include <span>

namespace sshsm::mailer {

/// The whole of `sshsm`: `words` is argv without the program's name. Throws nothing; whatever goes
/// wrong is told on the channel that the caller listens to, and in the log.
[[nodiscard]] base::ExitStatus run(std::span<char* const> words) noexcept;

}  // namespace sshsm::mailer
