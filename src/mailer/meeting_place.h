#pragma once

#include "base/descriptor.h"

#include <sys/types.h>

#include <string>

namespace sshsm::mailer {

/// Where `sshsm` and the keeper of a destination meet. With --config-dir that is in there and never
/// elsewhere, so that two friends of one name never meet.
struct MeetingPlace {
  std::string directory;
  std::string socket;  ///< SMTP
  std::string status;  ///< the socket that tells how the keeper is
  std::string lock;    ///< held while a keeper lives
};

/// Of the destination, whose name is checked; `config_dir` is the value of --config-dir, absolute,
/// or empty.
[[nodiscard]] MeetingPlace meeting_place(const std::string& destination,
                                         const std::string& config_dir);

/// What became of a visit to a keeper's socket.
struct Visit {
  base::Descriptor socket;  ///< does not block; none: nobody to speak with
  std::string remark;       ///< for the log, where somebody listens there who is no keeper of ours
};

/// Connects to the socket at `path` if root or `mail_user` listens there. What anybody else put
/// there counts as absent, because mail would go to him.
[[nodiscard]] Visit visit_keeper(const std::string& path, uid_t mail_user);

}  // namespace sshsm::mailer
