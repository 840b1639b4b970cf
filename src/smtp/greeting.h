#pragma once

#include "smtp/reply.h"

namespace sshsm::smtp {

/// The first reply must be 220 (RFC 5321 4.3.2). Throws `Failure` greeting_refused for a refusal,
/// reply_unexpected for anything else.
void require_greeting(const Reply& reply);

}  // namespace sshsm::smtp
