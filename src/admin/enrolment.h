#pragma once

#include "admin/arguments.h"

namespace sshsm::admin {

/// `sshsmctl enrol`: proves the friend's host by what the friend told, makes our key if there is
/// none, writes DEST.conf last of all, and prints what the friend must paste. Until the host is
/// proved nothing is written.
int enrol(const Arguments& arguments);

}  // namespace sshsm::admin
