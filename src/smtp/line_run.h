#pragma once

#include <cstddef>
#include <string_view>

namespace sshsm::smtp {

// For who makes the lines of a text CRLF. Both look at 1024 octets at most, because a text of many
// bare CRs and no LF would otherwise be searched to its end again and again.

/// What stands before the first CR or LF.
[[nodiscard]] std::string_view run_at(std::string_view bytes) noexcept;

/// The octets of the first line, with its end, if it is canonical already: no CR and no LF but in
/// that end. Else 0.
[[nodiscard]] std::size_t canonical_line_at(std::string_view bytes) noexcept;

}  // namespace sshsm::smtp
