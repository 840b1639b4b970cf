#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace sshsm::keeper {

/// How the line is, and what has been done with it since the keeper began.
struct Figures {
  std::string destination;
  bool is_up = false;
  std::string host;                  ///< of the line, or the one tried last
  std::chrono::seconds unchanged{};  ///< up, or down, for so long
  std::size_t connections = 0;
  std::size_t parked = 0;   ///< mail servers that wait for a message
  std::size_t clients = 0;  ///< connected
  std::size_t waiting = 0;  ///< for a mail server
  std::uint64_t dials = 0;
  std::uint64_t sessions = 0;  ///< mail servers started at the far side
  std::uint64_t messages = 0;  ///< accepted there
  std::uint64_t failures = 0;  ///< to get a line or a mail server
  std::string last_failure;    ///< a sentence; empty: none
  std::optional<std::chrono::seconds>
      next_attempt;  ///< in so long; none: nothing keeps us from one
};

/// One JSON object (RFC 8259) on one line, with CRLF nowhere and a newline at its end.
[[nodiscard]] std::string json_of(const Figures& figures);

}  // namespace sshsm::keeper
