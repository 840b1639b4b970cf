#pragma once

#include "base/deadline.h"
#include "mailer/caller.h"
#include "smtp/intermediary.h"

namespace sshsm::mailer {

/// So long a caller may be silent, or not take what he is told, once there is no line any more.
inline constexpr base::Milliseconds max_farewell_pause{10000};
/// So long he may go on with what nobody takes.
inline constexpr base::Milliseconds max_farewell{120000};

/// The last words to a caller: what the intermediary still has to tell him, then 421 to whatever he
/// says and 221 to QUIT, without a line. Returns when all is said or he has left.
void take_leave(Caller& caller, smtp::Intermediary& session);

}  // namespace sshsm::mailer
