#include "privilege/account.h"

#include "base/failure.h"
#include "base/text.h"

#include <grp.h>
#include <linux/limits.h>
#include <pwd.h>

#include <array>
#include <cstddef>

namespace sshsm::privilege {
namespace {

using base::Cause;
using base::concat;
using base::Failure;

/// One line of passwd with all its strings.
constexpr std::size_t max_passwd_entry = 16384;
constexpr int usual_group_count = 64;

/// `get` is getpwuid_r(3) or getpwnam_r(3).
std::optional<Account> look_up(auto get, auto key, const std::string& who) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, max_passwd_entry> strings{};
  const int error = get(key, &entry, strings.data(), strings.size(), &found);
  if (error != 0)
    throw Failure(Cause::identity_refused,
                  concat({"cannot look up ", who, ": ", base::system_error_text(error)}));
  if (found == nullptr) return std::nullopt;
  return Account{.name = found->pw_name, .user = found->pw_uid, .group = found->pw_gid};
}

}  // namespace

std::optional<Account> find_account(uid_t user) {
  return look_up(getpwuid_r, user, concat({"uid ", std::to_string(user)}));
}

std::optional<Account> find_account(const std::string& name) {
  return look_up(getpwnam_r, name.c_str(), concat({"user ", name}));
}

std::vector<gid_t> groups_of(const Account& account) {
  int count = usual_group_count;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  if (getgrouplist(account.name.c_str(), account.group, groups.data(), &count) < 0) {
    if (count > NGROUPS_MAX)
      throw Failure(Cause::identity_refused, concat({account.name, " is in too many groups"}));
    groups.resize(static_cast<std::size_t>(count));
    if (getgrouplist(account.name.c_str(), account.group, groups.data(), &count) < 0)
      throw Failure(Cause::identity_refused, concat({"the groups of ", account.name, " change"}));
  }
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

}  // namespace sshsm::privilege
