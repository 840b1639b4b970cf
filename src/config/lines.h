#pragma once

#include "config/destination.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sshsm::config {

/// Every file of ours is written by hand; a longer line is a file of another kind.
inline constexpr std::size_t max_line = 4096;

/// One setting as it stands in a file.
struct Line {
  std::size_t number = 0;  ///< counted from 1
  std::string key;
  std::string value;  ///< without quotes and comment, never empty
};

/// `file:line`
[[nodiscard]] std::string place_of(const ConfigText& file, std::size_t number);

/// Throws `Failure` configuration_invalid with `place: sentence`.
[[noreturn]] void refuse(const std::string& place, std::string_view sentence);

/// Reads `key = value` line by line: blanks around both count nothing, `#` at the start of a line
/// or after a blank begins a comment, double or single quotes may stand around the whole value,
/// lines end with LF or CRLF. So the assignments of a shell script read the same as long as they
/// need no shell; what would need one (`$`, backtick, backslash) is refused, since it would mean
/// something else here.
class LineReader {
 public:
  /// Keeps a reference to `file`.
  explicit LineReader(const ConfigText& file) : file_(file), rest_(file.text) {}

  /// The next setting, nothing at the end. Throws `Failure` configuration_invalid.
  [[nodiscard]] std::optional<Line> next();

 private:
  [[nodiscard]] std::string_view take_line();
  [[nodiscard]] Line read_setting(std::string_view line) const;
  [[nodiscard]] std::string_view value_of(std::string_view text) const;
  [[nodiscard]] std::string_view quoted_value_of(std::string_view text) const;
  [[noreturn]] void refuse_line(std::string_view sentence) const;

  const ConfigText& file_;
  std::string_view rest_;
  std::size_t number_ = 0;
};

}  // namespace sshsm::config
