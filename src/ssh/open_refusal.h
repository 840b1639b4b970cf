#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sshsm::ssh {

/// Why a host did not open a channel (SSH_MSG_CHANNEL_OPEN_FAILURE, RFC 4254 5.1).
struct OpenRefusal {
  unsigned long reason = 0;  ///< the host's number, of which RFC 4254 knows 1 to 4
  std::string words;         ///< the host's, as they came

  /// SSH_OPEN_CONNECT_FAILED: it was willing, and what it should connect to was not there.
  [[nodiscard]] bool is_connect_failed() const noexcept { return reason == 2; }
};

/// libssh tells number and words only inside a sentence of its own (`Channel opening failure:
/// channel 43 error (2) Connection refused`). Nothing where it says anything else. The words are
/// the host's and may look like such a sentence themselves: only the first one counts.
[[nodiscard]] std::optional<OpenRefusal> read_open_refusal(std::string_view libssh_error);

}  // namespace sshsm::ssh
