#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace sshsm::keeper {

using SystemTime = std::chrono::system_clock::time_point;

/// How a keeper is, for people and for monitoring. Counters go from the start of the keeper on.
struct Status {
  std::string destination;
  std::string host;     ///< of the line, or the one tried last; empty before the first
  std::string address;  ///< of that host, numeric; empty: none
  bool is_up = false;   ///< a connection is there
  SystemTime since{};   ///< it has been up, or down, since then
  SystemTime started{};

  std::uint64_t dials = 0;
  std::uint64_t failures = 0;  ///< to get a line, or a mail server at its end
  std::uint64_t sessions_started = 0;
  std::uint64_t clients_served = 0;
  std::uint64_t messages_accepted = 0;
  std::uint64_t messages_refused = 0;   ///< or recipients of one
  std::uint64_t messages_deferred = 0;  ///< or recipients of one
  std::size_t connections = 0;
  std::size_t sessions = 0;  ///< mail servers at the far ends of channels
  std::size_t parked = 0;    ///< of these, without a client
  std::size_t clients = 0;
  std::size_t waiting = 0;  ///< of these, for a mail server

  std::optional<std::chrono::microseconds> round_trip;  ///< measured last
  std::string last_failure;                             ///< a sentence, printable; empty: none
  std::optional<SystemTime> last_failure_at;
  std::optional<SystemTime> next_attempt;  ///< where a dial is put off, or planned
};

/// One JSON object with a line end. Times are seconds of Unix time.
[[nodiscard]] std::string json_of(const Status& status);

/// The same in Prometheus' text format. `sshsm_up` is always there, 0 or 1.
[[nodiscard]] std::string metrics_of(const Status& status);

}  // namespace sshsm::keeper
