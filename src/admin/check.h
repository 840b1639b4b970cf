#pragma once

#include "admin/arguments.h"

namespace sshsm::admin {

/// `sshsmctl check`: does all that sshsm does up to the first message, as the same user, in the
/// same order and in the same sandbox, and a little more, and tells of each step. Stops behind the
/// first one that fails. Gives the exit status. Throws `Refusal`.
[[nodiscard]] int check(const Arguments& arguments);

}  // namespace sshsm::admin
