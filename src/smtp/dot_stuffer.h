#pragma once

#include <string>
#include <string_view>

namespace sshsm::smtp {

/// Doubles the dot at the start of each line (RFC 5321 4.5.2), across the borders of the pieces a
/// body comes in. The body is canonical: every line ends in CRLF.
///
/// NULs at the start of a line do not count: to a server that throws them away, NUL, dot, CRLF is
/// the final dot (SMTP smuggling). To one that keeps them, the dot behind them arrives doubled;
/// such bytes are no mail text (RFC 5321 2.3.8).
class DotStuffer {
 public:
  [[nodiscard]] std::string stuff(std::string_view piece);
  /// The final dot; a line that was not ended is ended first, so that the dot stands alone.
  [[nodiscard]] std::string end() const;

 private:
  enum class Place { line_start, behind_nuls, in_line };

  Place place_ = Place::line_start;
};

}  // namespace sshsm::smtp
