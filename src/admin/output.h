#pragma once

#include "base/failure.h"

#include <string>
#include <string_view>

namespace sshsm::admin {

inline constexpr std::string_view program_name = "sshsmctl";

/// Writes all of it to standard output. The text is printable already. Throws `Refusal` where that
/// cannot be done: a key line that nobody has read must not end in status 0.
void print(std::string_view text);

/// `sshsmctl: SENTENCE` on standard error, as far as that can be written.
void complain(std::string_view sentence) noexcept;

/// What went wrong, why and what helps, in one line for an administrator: `base::explain` without
/// what belongs to mail alone, that it waits in the queue, and without the advice to try sshsmctl.
[[nodiscard]] std::string sentence_of(const base::Failure& failure, std::string_view destination);

}  // namespace sshsm::admin
