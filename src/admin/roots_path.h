#pragma once

#include <string>

namespace sshsm::admin {

/// For root alone, and true for everybody else: that nobody but root can change where this path
/// leads, which is absolute; what is missing of it root will make. Owners and modes of files are
/// checked on them, but who may put another directory or link in the place of one of ours moves
/// root's hand elsewhere between two system calls. Throws `Refusal`.
void check_roots_path(const std::string& directory);

}  // namespace sshsm::admin
