#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace sshsm::privilege {

/// What the passwd database says of one user.
struct Account {
  std::string name;
  uid_t user;
  gid_t group;  ///< the primary one
};

/// No value where there is no such user. Throws `Failure` identity_refused where the database
/// cannot be asked, so that a directory server that is down is not taken for a missing user.
[[nodiscard]] std::optional<Account> find_account(uid_t user);
[[nodiscard]] std::optional<Account> find_account(const std::string& name);

/// The groups of a user as initgroups(3) would set them, the primary one included.
[[nodiscard]] std::vector<gid_t> groups_of(const Account& account);

}  // namespace sshsm::privilege
