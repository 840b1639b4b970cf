#include "privilege/identity.h"

#include "base/failure.h"
#include "base/text.h"
#include "privilege/account.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace sshsm::privilege {
namespace {

using base::Cause;
using base::concat;
using base::Failure;

constexpr uid_t root_user = 0;
constexpr auto unchanged = static_cast<uid_t>(-1);  // for setresuid(2) and setresgid(2)

/// Real, effective and saved.
using Ids = std::array<id_t, 3>;

struct Identity {
  Ids users;
  Ids groups;
};

Identity current_identity() noexcept {
  Identity now{};
  getresuid(&now.users[0], &now.users[1], &now.users[2]);
  getresgid(&now.groups[0], &now.groups[1], &now.groups[2]);
  return now;
}

/// `result` is what the system call `name` returned; errno is still its.
void require(int result, const char* name) {
  if (result != 0)
    throw Failure(Cause::identity_refused, concat({name, ": ", base::system_error_text(errno)}));
}

Account account_of(uid_t user) {
  if (const auto account = find_account(user)) return *account;
  throw Failure(Cause::identity_refused,
                concat({"no passwd entry for uid ", std::to_string(user)}));
}

Account run_as_account(const std::string& name) {
  const auto account = find_account(name);
  if (!account) throw Failure(Cause::identity_refused, concat({"no such user: ", name}));
  if (account->user == root_user)
    throw Failure(Cause::identity_refused, concat({"run-as must not be root: ", name}));
  return *account;
}

/// What all three ids of each kind must be in the end.
struct Target {
  uid_t user;
  gid_t group;
};

/// From root, real or effective. The group file is read before effective root is taken.
Target become(const Account& account) {
  const std::vector<gid_t> groups = groups_of(account);
  require(seteuid(root_user), "seteuid");
  require(setgroups(groups.size(), groups.data()), "setgroups");
  require(setresgid(account.group, account.group, account.group), "setresgid");
  require(setresuid(account.user, account.user, account.user), "setresuid");
  return {account.user, account.group};
}

/// No root to take anything from: what is left is to give up.
Target stay(const Caller& caller) {
  const Target target{caller.effective_user, caller.real_group};
  require(setresgid(target.group, target.group, target.group), "setresgid");
  require(setresuid(target.user, target.user, target.user), "setresuid");
  return target;
}

Target change_identity(const Caller& caller, const std::string& run_as) {
  if (caller.is_root()) return become(run_as_account(run_as));
  if (caller.real_user == root_user) return become(account_of(caller.effective_user));
  return stay(caller);
}

/// Capabilities survive a change of identity where securebits say so, and a non-root user may have
/// been given some by his parent or by the file. The ambient set is emptied by capset(2) too, since
/// it never exceeds the permitted one.
void give_up_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  require(static_cast<int>(syscall(SYS_capset, &header, sets.data())), "capset");
  require(static_cast<int>(syscall(SYS_capget, &header, sets.data())), "capget");
  const auto is_empty = [](const __user_cap_data_struct& set) {
    return (set.effective | set.permitted | set.inheritable) == 0;
  };
  if (!std::all_of(sets.begin(), sets.end(), is_empty))
    throw Failure(Cause::identity_refused, "capabilities are left");
}

bool can_take_user(uid_t user) noexcept {
  return setresuid(unchanged, user, unchanged) == 0 || setresuid(user, unchanged, unchanged) == 0 ||
         setuid(user) == 0;
}

bool can_take_group(gid_t group) noexcept {
  return setresgid(unchanged, group, unchanged) == 0 ||
         setresgid(group, unchanged, unchanged) == 0 || setgid(group) == 0;
}

/// Root is tried whether we were it or not.
void prove_gone(const Ids& old, const Ids& now, id_t target, bool (*can_take)(id_t) noexcept,
                const char* what) {
  for (const id_t id : now)
    if (id != target)
      throw Failure(Cause::identity_refused, concat({what, " is still ", std::to_string(id)}));
  for (const id_t id : {old[0], old[1], old[2], id_t{0}})
    if (id != target && can_take(id))
      throw Failure(Cause::identity_refused,
                    concat({"could take back ", what, " ", std::to_string(id)}));
}

}  // namespace

Caller current_caller() noexcept {
  return {getuid(), geteuid(), getgid(), getegid()};
}

void become_mail_user(const Caller& caller, const std::string& run_as) {
  const Identity old = current_identity();
  prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
  const Target target = change_identity(caller, run_as);
  give_up_capabilities();

  const Identity now = current_identity();
  prove_gone(old.users, now.users, target.user, can_take_user, "uid");
  prove_gone(old.groups, now.groups, target.group, can_take_group, "gid");
  // The kernel sets this anew at every change of identity, as fs.suid_dumpable says.
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace sshsm::privilege
