#pragma once

#include "smtp/envelope.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::smtp {

/// What a MAIL or RCPT line says.
struct PathCommand {
  std::string path;  ///< with its angle brackets, as it came
  std::vector<Parameter> parameters;
};

/// True for the octets that would break a command line in two or worse: all ASCII controls.
[[nodiscard]] bool is_control(char c) noexcept;
[[nodiscard]] bool has_control(std::string_view text) noexcept;

/// `MAIL FROM:<path> parameters` and `RCPT TO:<path> parameters` (RFC 5321 4.1.1.2 and 4.1.1.3),
/// without the line end, in whatever case. Blanks behind the colon are tolerated, as mail servers
/// do. The path is passed on untouched (8 bit, source routes, quoted local parts with `>` and
/// blanks), but it cannot hold a control, so that no batch can smuggle a command line. Nothing for
/// anything else: no angle brackets, text behind them, a parameter without keyword or value, and
/// `RCPT TO:<>`.
[[nodiscard]] std::optional<PathCommand> parse_mail(std::string_view line);
[[nodiscard]] std::optional<PathCommand> parse_rcpt(std::string_view line);

}  // namespace sshsm::smtp
