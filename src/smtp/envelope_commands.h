#pragma once

#include "smtp/capabilities.h"
#include "smtp/envelope.h"

#include <optional>
#include <string>
#include <vector>

namespace sshsm::smtp {

/// MAIL and then a RCPT for each recipient, without line ends. Parameters that the peer offered
/// pass; of the others SIZE, BODY (7BIT, 8BITMIME), RET, ENVID, NOTIFY and ORCPT are left out: the
/// message says the same without them.
[[nodiscard]] std::vector<std::string> envelope_commands(const Envelope& envelope,
                                                         const Capabilities& capabilities);

/// The first parameter, as it was given, that the peer does not offer and that cannot be left out.
[[nodiscard]] std::optional<std::string> missing_parameter(const Envelope& envelope,
                                                           const Capabilities& capabilities);

}  // namespace sshsm::smtp
