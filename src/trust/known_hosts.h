#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace sshsm::trust {

/// One line of a known_hosts file in its fields (sshd(8) SSH_KNOWN_HOSTS FILE FORMAT), all inside
/// the file's text. What is missing is empty.
struct KnownHostsLine {
  enum class Marker {
    none,
    revoked,
    cert_authority,
    unknown,  ///< any other, or more than one: ssh skips such a line
  };

  Marker marker = Marker::none;
  std::string_view names;
  std::string_view type;
  std::string_view key;    ///< base64
  std::size_t number = 0;  ///< counted from 1
};

/// The lines of one file, with comments and empty lines left out. Fields are parted by blanks and
/// tabs, lines by LF, with or without CR before it; the last line needs none. A NUL ends its line,
/// as it does for ssh.
class KnownHostsLines {
 public:
  explicit KnownHostsLines(std::string_view text) : rest_(text) {}

  /// The next line that names anything; nothing at the end of the file.
  [[nodiscard]] std::optional<KnownHostsLine> next();

 private:
  [[nodiscard]] std::string_view take_line();

  std::string_view rest_;
  std::size_t number_ = 0;
};

}  // namespace sshsm::trust
