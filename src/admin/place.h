#pragma once

#include "admin/arguments.h"
#include "privilege/account.h"
#include "privilege/identity.h"

#include <string>

namespace sshsm::admin {

/// Where the configuration lies, and who the mail user is there.
struct Place {
  privilege::Caller caller;
  privilege::Account mail_user;  ///< who sshsm becomes: not root; the caller himself if he is not
  std::string directory;         ///< absolute
};

/// Whether --config-dir may name a directory that is yet to be made.
enum class Directory { exists, may_be_missing };

/// Throws `Refusal` where there is no such mail user, it is root, or somebody who is not root asks
/// to be another one; and the configuration causes. A set-id copy is refused altogether: what an
/// administrator may do is not for everybody.
[[nodiscard]] Place find_place(const Arguments& arguments, Directory directory);

/// The name of the destination if it is one, else `Refusal`.
[[nodiscard]] const std::string& checked_destination(const Arguments& arguments);

}  // namespace sshsm::admin
