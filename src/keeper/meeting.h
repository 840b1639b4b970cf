#pragma once

#include "base/descriptor.h"
#include "keeper/listener.h"
#include "mailer/meeting_place.h"

#include <sys/types.h>

#include <string>
#include <vector>

namespace sshsm::keeper {

/// What a keeper has at its meeting place for as long as it lives.
struct Meeting {
  base::Descriptor lock;             ///< none where no lock file can be made
  std::vector<Listener> listeners;   ///< the meeting and the status socket, as far as made
  std::vector<std::string> remarks;  ///< for the log: what is missing, and why
};

/// Makes /run/sshsm, as root, and gives it to the mail user. Another directory is the
/// administrator's to make. What fails shows when the place is taken.
void provide_directory(const mailer::MeetingPlace& place, uid_t mail_user, gid_t group) noexcept;

/// Takes the place, as the mail user: locks it, and listens there. `is_meeting_inherited`: the
/// supervisor listens on the meeting socket, and that one is used. A place that cannot be used is
/// no failure, since the keeper has other listeners: mail goes without it, only slower. Throws
/// `Failure` keeper_runs where another keeper holds the lock.
[[nodiscard]] Meeting take_place(const mailer::MeetingPlace& place, bool is_meeting_inherited);

}  // namespace sshsm::keeper
