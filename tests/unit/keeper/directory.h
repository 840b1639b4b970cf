#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace sshsm::keeper {

/// A directory for one test, which goes with what the keeper may leave in it.
struct Directory {
  Directory() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() {
    for (const char* name : {"s", "t", "friend.sock", "friend.status", "friend.lock"})
      unlink(of(name).c_str());
    rmdir(path.c_str());
  }

  [[nodiscard]] std::string of(const std::string& name) const { return path + "/" + name; }

  void make_file(const std::string& name) const {
    close(open(of(name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR));
  }

  /// Of what lies there, 0 where nothing does.
  [[nodiscard]] mode_t mode_of(const std::string& name) const {
    struct stat status {};
    return lstat(of(name).c_str(), &status) == 0 ? status.st_mode : 0;
  }

  std::string path = "/tmp/keeper_test_XXXXXX";
};

}  // namespace sshsm::keeper
