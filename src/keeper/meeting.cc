#include "keeper/meeting.h"

#include "base/failure.h"
#include "base/text.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace sshsm::keeper {
namespace {

using base::concat;
using base::Failure;
using mailer::MeetingPlace;

constexpr mode_t directory_mode = S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH;

/// Why nobody can be met there, or empty. Whoever has the directory can take our socket away; that
/// he cannot put his own in its place is for `sshsm` to see, which asks whose it is.
std::string fault_of_directory(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return base::system_error_text(errno);
  if (!S_ISDIR(status.st_mode)) return "not a directory";
  if (status.st_uid != 0 && status.st_uid != geteuid())
    return concat({"owned by uid ", std::to_string(status.st_uid)});
  return (status.st_mode & S_IWOTH) != 0 ? "everybody may write there" : "";
}

/// Never through a link, and nothing is written there: the file is there to be locked.
base::Descriptor open_lock(const std::string& path) noexcept {
  return base::Descriptor(open(path.c_str(),
                               O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
                               S_IRUSR | S_IWUSR));
}

void add_listener(Meeting& meeting, Kind kind, const std::string& path) {
  try {
    meeting.listeners.push_back(
        listen_at({kind, path, {}, 0}, Remains::replaced_if_dead, getegid()));
  } catch (const Failure& failure) {
    meeting.remarks.push_back(concat({"no ", name_of(kind), " socket: ", failure.detail()}));
  }
}

}  // namespace

void provide_directory(const MeetingPlace& place, uid_t mail_user, gid_t group) noexcept {
  const mode_t mask = umask(0);
  const bool is_made = mkdir(place.directory.c_str(), directory_mode) == 0;
  umask(mask);
  // What we made in root's directory is nobody else's to exchange.
  if (is_made && lchown(place.directory.c_str(), mail_user, group) != 0)
    rmdir(place.directory.c_str());
}

Meeting take_place(const MeetingPlace& place, bool is_meeting_inherited) {
  Meeting meeting;
  const auto go_without = [&](std::string_view why) {
    meeting.remarks.push_back(concat({"no meeting socket: ", why}));
    return std::move(meeting);
  };
  const std::string fault = fault_of_directory(place.directory);
  if (!fault.empty()) return go_without(concat({place.directory, ": ", fault}));
  meeting.lock = open_lock(place.lock);
  if (!meeting.lock) return go_without(concat({place.lock, ": ", base::system_error_text(errno)}));
  if (flock(meeting.lock.get(), LOCK_EX | LOCK_NB) != 0)
    throw Failure(base::Cause::keeper_runs, concat({"it holds ", place.lock}));
  if (!is_meeting_inherited) add_listener(meeting, Kind::meeting, place.socket);
  add_listener(meeting, Kind::status, place.status);
  return meeting;
}

}  // namespace sshsm::keeper
