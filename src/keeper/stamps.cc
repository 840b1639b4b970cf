#include "keeper/stamps.h"

#include <sys/stat.h>

#include <algorithm>

namespace sshsm::keeper {
void Stamps::add(const std::string& path) {
  stamps_.push_back({path, look_of(path)});
}

bool Stamps::have_changed() const {
  return std::any_of(stamps_.begin(), stamps_.end(),
                     [](const Stamp& stamp) { return look_of(stamp.path) != stamp.look; });
}

/// Nobody sets the time of the last change of the inode: who writes a file and puts its old time
/// and size back is noticed all the same.
std::optional<Stamps::Look> Stamps::look_of(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return Look{status.st_dev,         status.st_ino,          status.st_size,
              status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
              status.st_ctim.tv_nsec};
}

}  // namespace sshsm::keeper
