#pragma once

#include <string>
#include <string_view>

namespace sshsm::smtp {

/// Doubles the dot at the start of each line (RFC 5321 4.5.2), across the borders of the pieces a
/// body comes in. The body is canonical: every line ends in CRLF.
class DotStuffer {
 public:
  [[nodiscard]] std::string stuff(std::string_view piece);
  /// The final dot; a line that was not ended is ended first, so that the dot stands alone.
  [[nodiscard]] std::string end() const;

 private:
  bool is_at_line_start_ = true;
};

}  // namespace sshsm::smtp
