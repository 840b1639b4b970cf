#include "keeper/socket_place.h"

#include "base/unix_socket.h"
#include "directory.h"
#include "keeper/listener.h"
#include "keeper/premises.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

namespace sshsm::keeper {
namespace {

Listener listen_there(const std::string& path) {
  return listen_at({Kind::smtp, path, {}, 0}, Remains::kept, getegid());
}

/// A directory that somebody puts in the place of another, which he may rename, as long as it
/// lives.
class Exchange {
 public:
  Exchange(const Directory& one, const Directory& other)
      : path_(one.path), moved_(one.path + "_moved") {
    REQUIRE(std::rename(path_.c_str(), moved_.c_str()) == 0);
    REQUIRE(symlink(other.path.c_str(), path_.c_str()) == 0);
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() {
    unlink(path_.c_str());
    std::rename(moved_.c_str(), path_.c_str());
  }

 private:
  std::string path_;
  std::string moved_;
};

/// As long as it lives, there is no descriptor to be had.
class AllDescriptors {
 public:
  AllDescriptors() {
    REQUIRE(getrlimit(RLIMIT_NOFILE, &limit_) == 0);
    const rlimit few{.rlim_cur = 64, .rlim_max = limit_.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
    do taken_.emplace_back(open("/", O_PATH | O_CLOEXEC));
    while (taken_.back());
  }
  AllDescriptors(const AllDescriptors&) = delete;
  AllDescriptors& operator=(const AllDescriptors&) = delete;
  ~AllDescriptors() { setrlimit(RLIMIT_NOFILE, &limit_); }

 private:
  rlimit limit_{};
  std::vector<base::Descriptor> taken_;
};

}  // namespace

TEST_CASE("a socket is alive, dead, or something else") {
  const Directory directory;
  const SocketPlace place(directory.of("s"));
  CHECK_FALSE(place.has_socket());
  CHECK_FALSE(place.is_dead());
  CHECK_FALSE(place.is_ours());
  directory.make_file("s");
  CHECK_FALSE(place.has_socket());
  CHECK_FALSE(place.is_dead());
  CHECK(place.remove());
  {
    const Listener listener = listen_there(directory.of("s"));
    CHECK(place.has_socket());
    CHECK_FALSE(place.is_dead());
    CHECK(place.is_ours());
  }
  CHECK(place.is_dead());
  CHECK_FALSE(place.is_ours());
}

TEST_CASE("a socket on which another process listens is not ours") {
  const Directory directory;
  const std::pair<base::Descriptor, base::Descriptor> ends = base::socket_pair(SOCK_STREAM);
  char octet = 0;
  const pid_t other = fork();
  if (other == 0) {
    const Listener listener = listen_there(directory.of("s"));
    const bool is_over =
        write(ends.first.get(), &octet, 1) == 1 && read(ends.first.get(), &octet, 1) == 1;
    _exit(is_over ? 0 : 1);
  }
  REQUIRE(read(ends.second.get(), &octet, 1) == 1);
  const SocketPlace place(directory.of("s"));
  CHECK(place.has_socket());
  CHECK_FALSE(place.is_dead());
  CHECK_FALSE(place.is_ours());
  REQUIRE(write(ends.second.get(), &octet, 1) == 1);
  waitpid(other, nullptr, 0);
}

TEST_CASE("what was found is what is removed, wherever the path leads by then") {
  const Directory directory;
  const Directory other;
  listen_there(directory.of("s")).descriptor.reset();
  listen_there(other.of("s")).descriptor.reset();
  const SocketPlace place(directory.of("s"));
  {
    const Exchange exchange(directory, other);
    CHECK(place.is_dead());
    CHECK(place.remove());
    CHECK(S_ISSOCK(other.mode_of("s")));
  }
  CHECK(directory.mode_of("s") == 0);
}

TEST_CASE("who cannot begin takes his own sockets away, and nobody else's in their place") {
  const Directory directory;
  const Directory other;
  std::vector<Listener> listeners;
  listeners.push_back(listen_there(directory.of("s")));
  listen_there(other.of("s")).descriptor.reset();
  {
    const Exchange exchange(directory, other);
    { const Eviction eviction(listeners); }
    CHECK(S_ISSOCK(other.mode_of("s")));
  }
  { const Eviction eviction(listeners); }
  CHECK(directory.mode_of("s") == 0);
}

TEST_CASE("who cannot begin for want of descriptors takes his sockets away all the same") {
  const Directory directory;
  std::vector<Listener> listeners;
  listeners.push_back(listen_there(directory.of("s")));
  auto eviction = std::make_unique<Eviction>(listeners);
  {
    const AllDescriptors taken;
    CHECK(open("/", O_PATH | O_CLOEXEC) < 0);
    eviction.reset();
  }
  CHECK(directory.mode_of("s") == 0);
}

}  // namespace sshsm::keeper
