#include "smtp/greeting.h"

#include "base/failure.h"

namespace sshsm::smtp {

using base::Cause;
using base::Failure;

void require_greeting(const Reply& reply) {
  constexpr int service_ready = 220;
  if (reply.is_refusal()) throw Failure(Cause::greeting_refused, {}, text_of(reply));
  if (reply.code != service_ready)
    throw Failure(Cause::reply_unexpected, "as the greeting", text_of(reply));
}

}  // namespace sshsm::smtp
