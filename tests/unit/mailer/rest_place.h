#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <string>

/// A directory for one rest file, gone at the end.
class RestPlace {
 public:
  RestPlace() { REQUIRE(mkdtemp(directory_.data()) != nullptr); }
  RestPlace(const RestPlace&) = delete;
  RestPlace& operator=(const RestPlace&) = delete;
  ~RestPlace() {
    unlink(path().c_str());
    rmdir(directory_.c_str());
  }

  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] std::string path(const std::string& name = "rest") const {
    return directory_ + "/" + name;
  }
  /// What is in the file.
  [[nodiscard]] std::string text() const {
    std::ifstream file(path(), std::ios::binary);
    REQUIRE(file.good());
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::string directory_ = "/tmp/rest-test.XXXXXX";
};
