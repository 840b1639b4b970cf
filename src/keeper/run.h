#pragma once

#include "base/exit_status.h"
#include "keeper/supervisor.h"

#include <span>

namespace sshsm::keeper {

/// The whole of `sshsmd` behind a clean start. `words` are the arguments without the program's
/// name, `supervision` what was read before that start. accepted where it ended as it was told to
/// or was idle, deferred where it could not go on.
[[nodiscard]] base::ExitStatus run(std::span<char* const> words,
                                   const Supervision& supervision) noexcept;

}  // namespace sshsm::keeper
