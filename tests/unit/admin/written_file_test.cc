#include "admin/written_file.h"

#include "admin/refusal.h"

#include <dirent.h>
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

using namespace sshsm::admin;

namespace {

/// A directory of its own for one case.
struct Place {
  Place() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~Place() {
    for (const std::string& name : names()) unlink((path + "/" + name).c_str());
    rmdir(path.c_str());
  }
  [[nodiscard]] std::string file(const std::string& name) const { return path + "/" + name; }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    DIR* const directory = opendir(path.c_str());
    while (const dirent* const entry = readdir(directory))
      if (entry->d_name[0] != '.') found.emplace_back(entry->d_name);
    closedir(directory);
    return found;
  }

  std::string path = "/tmp/sshsm-written-XXXXXX";
};

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

Ownership ours(mode_t mode) {
  return {geteuid(), getegid(), mode};
}

std::string complaint(const std::function<void()>& action) {
  try {
    action();
    return "done";
  } catch (const Refusal& refusal) {
    return refusal.sentence();
  }
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a file is written whole, with its mode, whatever the mask is") {
  const Place place;
  write_file(place.file("a"), "text\n", ours(0644), Existing::kept);
  CHECK(text_of(place.file("a")) == "text\n");
  CHECK(mode_of(place.file("a")) == 0644);
  write_file(place.file("a"), "other\n", ours(0600), Existing::replaced);
  CHECK(text_of(place.file("a")) == "other\n");
  CHECK(mode_of(place.file("a")) == 0600);
  CHECK(place.names() == Names{"a"});
}

TEST_CASE("what is there is kept unless it is to be replaced, and nothing is left behind") {
  const Place place;
  write_file(place.file("a"), "first", ours(0644), Existing::kept);
  CHECK(complaint([&] { write_file(place.file("a"), "second", ours(0644), Existing::kept); }) ==
        "cannot write " + place.file("a") + ": File exists");
  CHECK(text_of(place.file("a")) == "first");
  CHECK(place.names() == Names{"a"});
  CHECK(complaint([&] { write_file(place.file("b/c"), "", ours(0644), Existing::kept); }) ==
        "cannot write " + place.file("b/c") + ": No such file or directory");
}

TEST_CASE("a link is replaced and never followed") {
  const Place place;
  write_file(place.file("target"), "kept", ours(0644), Existing::kept);
  REQUIRE(symlink(place.file("target").c_str(), place.file("link").c_str()) == 0);
  write_file(place.file("link"), "new", ours(0644), Existing::replaced);
  CHECK(text_of(place.file("target")) == "kept");
  CHECK(text_of(place.file("link")) == "new");
}

TEST_CASE("a line is added at the end, and a missing line end before it") {
  const Place place;
  const std::string path = place.file("known_hosts");
  append_line(path, "one", geteuid());
  CHECK(mode_of(path) == 0644);
  append_line(path, "two", geteuid());
  CHECK(text_of(path) == "one\ntwo\n");
  write_file(path, "no end", ours(0600), Existing::replaced);
  append_line(path, "three", geteuid());
  CHECK(text_of(path) == "no end\nthree\n");
  CHECK(mode_of(path) == 0600);
}

TEST_CASE("no line is added to what others may write, or to where a link leads") {
  const Place place;
  const std::string path = place.file("known_hosts");
  write_file(path, "kept\n", ours(0664), Existing::kept);
  CHECK(complaint([&] { append_line(path, "line", geteuid()); }) ==
        "cannot write " + path + ": others may write it");
  REQUIRE(symlink(path.c_str(), place.file("link").c_str()) == 0);
  CHECK(complaint([&] { append_line(place.file("link"), "line", geteuid()); }) ==
        "cannot write " + place.file("link") + ": Too many levels of symbolic links");
  CHECK(text_of(path) == "kept\n");
}

TEST_CASE("half a line is no line: it is taken back") {
  const Place place;
  const std::string path = place.file("known_hosts");
  append_line(path, "kept", geteuid());
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit limit{8, before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  const std::string said = complaint([&] { append_line(path, "@revoked * key", geteuid()); });
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  CHECK(said == "cannot write " + path + ": No space left on device");
  CHECK(text_of(path) == "kept\n");
}

TEST_CASE("a directory is made with those above it, for others to search") {
  const Place place;
  make_directory(place.file("a/b"));
  CHECK(mode_of(place.file("a")) == 0755);
  CHECK(mode_of(place.file("a/b")) == 0755);
  make_directory(place.file("a/b"));
  rmdir(place.file("a/b").c_str());
  rmdir(place.file("a").c_str());
}

TEST_CASE("it is known beforehand whether a directory can be made") {
  const Place place;
  CHECK(complaint([&] { check_writable(place.file("a/b/c")); }) == "done");
  CHECK(place.names().empty());
  write_file(place.file("file"), "", ours(0644), Existing::kept);
  CHECK(complaint([&] { check_writable(place.file("file")); }) ==
        "cannot make files in " + place.file("file") + ": it is no directory");
}
