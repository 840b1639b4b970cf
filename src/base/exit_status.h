#pragma once

#include <span>
#include <string_view>

namespace sshsm::base {

/// The only three ways `sshsm` ever ends. Every other status makes some mail server bounce a
/// user's mail because of an administrator's typo.
enum class ExitStatus : int {
  accepted = 0,   ///< the remote mail server took responsibility for every message
  refused = 69,   ///< the remote mail server refused this mail for good
  deferred = 75,  ///< everything else: the mail stays queued
};

/// One row of the table that the help and the manual share.
struct ExitStatusRow {
  ExitStatus status;
  std::string_view meaning;
};

[[nodiscard]] std::span<const ExitStatusRow> all_exit_statuses() noexcept;

/// The status of several messages together: deferred beats refused beats accepted.
[[nodiscard]] ExitStatus worse(ExitStatus a, ExitStatus b) noexcept;

}  // namespace sshsm::base
