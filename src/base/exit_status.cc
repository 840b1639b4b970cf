#include "base/exit_status.h"

#include <algorithm>
#include <array>

namespace sshsm::base {
namespace {

constexpr auto statuses = std::to_array<ExitStatusRow>({
    {ExitStatus::accepted, "the remote mail server took responsibility for every message"},
    {ExitStatus::refused, "batch only: the remote mail server refused this mail for good"},
    {ExitStatus::deferred, "everything else; the mail stays queued"},
});

}  // namespace

std::span<const ExitStatusRow> all_exit_statuses() noexcept {
  return statuses;
}

ExitStatus worse(ExitStatus a, ExitStatus b) noexcept {
  return std::max(a, b);
}

}  // namespace sshsm::base
