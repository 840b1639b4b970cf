#pragma once

#include "admin/arguments.h"

namespace sshsm::admin {

/// `sshsmctl trust`: shows what is pinned beside what the hosts show (status 1 where none of it is
/// the same), or with --add, --replace and --revoke changes it. A new pin needs what enrolment
/// needs; only --add with --host-key-file takes a key, too, that the host does not show yet, for
/// the day it changes. To revoke one, pinned or in that file,
/// asks for no proof, since nothing is trusted by it.
int change_trust(const Arguments& arguments);

}  // namespace sshsm::admin
