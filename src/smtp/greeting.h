#pragma once

#include "smtp/reply.h"

namespace sshsm::smtp {

/// The first reply must be 220 (RFC 5321 4.3.2). Throws `Failure` greeting_refused for a refusal,
/// reply_unexpected for anything else.
void require_greeting(const Reply& reply);

/// The answer to EHLO or HELO must be 250; `place` is `to EHLO`. Throws `Failure` hello_refused for
/// a 5yz, reply_unexpected for anything else, greeting_refused for a 4yz: it is no word about our
/// name, the mail server takes no mail now.
void require_hello_done(const char* place, const Reply& reply);

}  // namespace sshsm::smtp
