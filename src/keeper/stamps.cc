#include "keeper/stamps.h"

#include "base/text.h"

#include <sys/stat.h>

#include <algorithm>

namespace sshsm::keeper {
namespace {

std::string text_of(const timespec& time) {
  return base::concat({std::to_string(time.tv_sec), ".", std::to_string(time.tv_nsec)});
}

}  // namespace

void Stamps::add(const std::string& path) {
  stamps_.push_back({path, look_of(path)});
}

bool Stamps::have_changed() const {
  return std::any_of(stamps_.begin(), stamps_.end(),
                     [](const Stamp& stamp) { return look_of(stamp.path) != stamp.look; });
}

/// Nobody sets the time of the last change of the inode: who writes a file and puts its old time
/// and size back is noticed all the same.
std::string Stamps::look_of(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return {};
  return base::concat({std::to_string(status.st_dev), " ", std::to_string(status.st_ino), " ",
                       std::to_string(status.st_size), " ", text_of(status.st_mtim), " ",
                       text_of(status.st_ctim)});
}

}  // namespace sshsm::keeper
