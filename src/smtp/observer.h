#pragma once

#include "smtp/reply.h"

#include <functional>
#include <string_view>

namespace sshsm::smtp {

/// Called with every line of the conversation with the mail server: '<' came from him, '>' went to
/// him, without line end; a body is told at its end, as `(N octets)`.
using Observer = std::function<void(char direction, std::string_view line)>;

/// Tells of a reply, line by line; nothing where nobody observes.
void observe(const Observer& observer, const Reply& reply);

}  // namespace sshsm::smtp
