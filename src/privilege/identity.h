#pragma once

#include <sys/types.h>

#include <string>

namespace sshsm::privilege {

/// Who started us, as found before anything was changed.
struct Caller {
  uid_t real_user;
  uid_t effective_user;
  gid_t real_group;
  gid_t effective_group;

  /// A set-id copy called by another user: he may not choose files or programs.
  [[nodiscard]] bool is_foreign() const noexcept {
    return real_user != 0 && real_user != effective_user;
  }
  /// Effective root: the mail user must be named by run-as.
  [[nodiscard]] bool is_root() const noexcept { return effective_user == 0; }
};

[[nodiscard]] Caller current_caller() noexcept;

/// Becomes the mail user for good and proves it by trying to take the old identity back. `run_as`
/// is used only where `caller.is_root()`. `caller` is what current_caller gave in this process.
/// Afterwards all three user ids are the mail user's, all three group ids are equal, and every
/// capability set is empty. Started by root (sendmail's F=S too) the groups are the mail user's own
/// from passwd and group; otherwise they stay the caller's, without the effective group that a
/// set-gid copy would bring. Throws `Failure` identity_refused, and then nothing may be done but to
/// say so and end, since part of the old identity may still be there.
void become_mail_user(const Caller& caller, const std::string& run_as);

}  // namespace sshsm::privilege
