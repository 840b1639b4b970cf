#include "keeper/socket_place.h"

#include "base/text.h"
#include "base/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace sshsm::keeper {

SocketPlace::SocketPlace(const std::string& path) {
  const std::size_t end = path.rfind('/') + 1;
  directory_.reset(open(path.substr(0, end).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  name_ = path.substr(end);
  path_ = base::concat({"/proc/self/fd/", std::to_string(directory_.get()), "/", name_});
}

bool SocketPlace::has_socket() const noexcept {
  struct stat status {};
  return fstatat(directory_.get(), name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISSOCK(status.st_mode);
}

bool SocketPlace::is_dead() const noexcept {
  return has_socket() && !connect() && errno == ECONNREFUSED;
}

bool SocketPlace::is_ours() const noexcept {
  const base::Descriptor socket = has_socket() ? connect() : base::Descriptor();
  ucred peer{};
  socklen_t size = sizeof peer;
  return socket && getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         peer.pid == getpid();
}

bool SocketPlace::remove() const noexcept {
  return unlinkat(directory_.get(), name_.c_str(), 0) == 0;
}

/// None where nobody listens: errno says why. A name that is too long says nothing about that.
base::Descriptor SocketPlace::connect() const noexcept {
  if (path_.size() <= base::max_socket_path) return base::connect_to_socket(path_, SOCK_STREAM);
  errno = ENAMETOOLONG;
  return {};
}

}  // namespace sshsm::keeper
