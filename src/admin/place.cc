#include "admin/place.h"

#include "admin/refusal.h"
#include "base/text.h"
#include "build_settings.h"
#include "config/destination.h"
#include "mailer/configuration.h"

#include <optional>
#include <utility>

namespace sshsm::admin {
namespace {

using base::concat;
using privilege::Account;

constexpr std::size_t max_user_name = 64;

Account account_for_root(const std::string& name) {
  const std::string user = base::printable(name, max_user_name);
  const std::optional<Account> account = privilege::find_account(name);
  if (!account)
    throw Refusal(concat({"there is no user ", user,
                          " on this machine; make one with useradd "
                          "--system --shell /usr/sbin/nologin ",
                          user, ", or name another with run-as in sshsm.conf or with --as"}));
  if (account->user == 0)
    throw Refusal(concat({"the mail user must not be root (", user,
                          "); name another with run-as "
                          "in sshsm.conf or with --as"}));
  return *account;
}

Account own_account(const privilege::Caller& caller, const std::string& wanted) {
  const std::optional<Account> account = privilege::find_account(caller.effective_user);
  Account own = account.value_or(Account{"uid " + std::to_string(caller.effective_user),
                                         caller.effective_user, caller.effective_group});
  if (!wanted.empty() && wanted != own.name)
    throw Refusal(concat({"only root can do this as ", base::printable(wanted, max_user_name),
                          "; you are ", own.name}));
  return own;
}

std::string directory_of(const Arguments& arguments, const privilege::Caller& caller,
                         Directory directory) {
  std::string name = directory == Directory::exists || arguments.config_dir.empty()
                         ? mailer::configuration_directory(arguments.config_dir, caller)
                         : mailer::absolute(arguments.config_dir);
  while (name.size() > 1 && name.ends_with('/')) name.pop_back();
  return name;
}

}  // namespace

Place find_place(const Arguments& arguments, Directory directory) {
  const privilege::Caller caller = privilege::current_caller();
  if (caller.real_user != caller.effective_user || caller.real_group != caller.effective_group)
    throw Refusal(
        "sshsmctl must not be set-user-id or set-group-id; run it as root or as the mail user");
  std::string where = directory_of(arguments, caller, directory);
  if (!caller.is_root()) return {caller, own_account(caller, arguments.run_as), std::move(where)};
  const std::string name = arguments.run_as.empty() ? mailer::run_as(where) : arguments.run_as;
  return {caller, account_for_root(name), std::move(where)};
}

const std::string& checked_destination(const Arguments& arguments) {
  if (config::is_destination_name(arguments.destination)) return arguments.destination;
  throw Refusal(concat({base::quoted(arguments.destination, 64),
                        " is not the name of a destination: letters, digits, dots, underscores "
                        "and hyphens, 64 at most"}));
}

}  // namespace sshsm::admin
