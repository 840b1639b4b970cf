#pragma once

#include <string_view>

namespace sshsm::admin {

/// Writes all of it to standard output. The text is printable already. Throws `Refusal` where that
/// cannot be done: a key line that nobody has read must not end in status 0.
void print(std::string_view text);

/// `sshsmctl: SENTENCE` on standard error, as far as that can be written.
void complain(std::string_view sentence) noexcept;

}  // namespace sshsm::admin
