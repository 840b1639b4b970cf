#pragma once

#include "base/failure.h"
#include "smtp/reply.h"

#include <string>

namespace sshsm::smtp {

/// A reply that nobody may give at this place, in the words that go behind `a reply out of place:
/// `.
[[nodiscard]] base::Failure unexpected(const char* place, const Reply& reply);

/// The mail server ended the conversation with these words, or with none.
[[nodiscard]] base::Failure hung_up(std::string last_words);

/// Only DATA is answered 3yz (RFC 5321 4.2.1). Throws `Failure` reply_unexpected.
void require_no_go_ahead(const char* place, const Reply& reply);

/// The first reply must be 220 (RFC 5321 4.3.2). Throws `Failure` greeting_refused for a refusal,
/// reply_unexpected for anything else.
void require_greeting(const Reply& reply);

/// The answer to EHLO or HELO must be 250; `place` is `to EHLO`. Throws `Failure` hello_refused for
/// a 5yz, reply_unexpected for anything else, greeting_refused for a 4yz: it is no word about our
/// name, the mail server takes no mail now.
void require_hello_done(const char* place, const Reply& reply);

}  // namespace sshsm::smtp
