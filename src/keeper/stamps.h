#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace sshsm::keeper {

/// How some files looked, so that it can be told whether they are others now.
class Stamps {
 public:
  void clear() { stamps_.clear(); }
  /// As it is now. One that is not there is one that may come.
  void add(const std::string& path);
  [[nodiscard]] bool have_changed() const;

 private:
  struct Look {
    dev_t device;
    ino_t inode;
    off_t size;
    time_t written;
    long written_nanoseconds;
    time_t changed;  ///< the inode
    long changed_nanoseconds;

    [[nodiscard]] bool operator==(const Look& other) const = default;
  };
  struct Stamp {
    std::string path;
    std::optional<Look> look;  ///< none where it is not there
  };
  [[nodiscard]] static std::optional<Look> look_of(const std::string& path);

  std::vector<Stamp> stamps_;
};

}  // namespace sshsm::keeper
