#pragma once

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
  struct Stamp {
    std::string path;
    std::string look;  ///< empty where it is not there
  };
  [[nodiscard]] static std::string look_of(const std::string& path);

  std::vector<Stamp> stamps_;
};

}  // namespace sshsm::keeper
