#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sshsm::trust {

/// OpenSSH's limit for one pattern of a list; a list with a longer one matches nothing, whatever
/// else it names.
inline constexpr std::size_t max_pattern = 1022;

/// A host name as ssh looks it up: an address in its one numeric spelling (RFC 5952; `127.1` is
/// `127.0.0.1`), any other name in lower case.
[[nodiscard]] std::string canonical_host(std::string_view host);

/// `[host]:port`, or the host alone for port 22.
[[nodiscard]] std::string with_port(std::string_view host, unsigned port);

/// True where the first field of a known_hosts line names `name` (sshd(8)): either one hashed name,
/// `|1|salt|hash`, or patterns between commas with `*` and `?`, of which one matches and none with
/// a
/// `!` before it does. `name` is in lower case; patterns are folded.
[[nodiscard]] bool names_host(std::string_view field, std::string_view name);

/// True where `*` (any text) and `?` (any one character) make `text` of `pattern`.
[[nodiscard]] bool matches_pattern(std::string_view pattern, std::string_view text) noexcept;

}  // namespace sshsm::trust
