#pragma once

#include "admin/finding.h"

#include <span>
#include <string>
#include <string_view>

namespace sshsm::admin {

/// `ok    banner          "SSH-2.0-OpenSSH_9.2p1" (3 ms)`, with the line end. Behind a step that
/// failed the sentence of its fault stands on a line of its own, and then `remedy: …`.
[[nodiscard]] std::string text_of(const StepReport& report);

/// All of a check as one JSON object on one line: `destination`, `host` (null where none is known),
/// `is_well`, `steps` (`step`, `is_well`, `seen`, `milliseconds`), and `fault` (`step`, `cause`,
/// `code`, `sentence`, `remedy`; null where all is well).
[[nodiscard]] std::string json_of(std::string_view destination, std::string_view host,
                                  std::span<const StepReport> reports);

}  // namespace sshsm::admin
