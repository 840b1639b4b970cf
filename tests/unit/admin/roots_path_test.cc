#include "admin/roots_path.h"

#include "admin/refusal.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

using namespace sshsm::admin;

namespace {

constexpr uid_t stranger = 1;

/// A directory with another in it.
struct Place {
  Place() {
    REQUIRE(mkdtemp(path.data()) != nullptr);
    inner = path + "/inner";
    link = path + "/link";
    REQUIRE(mkdir(inner.c_str(), 0755) == 0);
  }
  ~Place() {
    unlink(link.c_str());
    rmdir(inner.c_str());
    rmdir(path.c_str());
  }

  std::string path = "/tmp/sshsm-roots-XXXXXX";
  std::string inner;
  std::string link;
};

std::string complaint(const std::string& path) {
  try {
    check_roots_path(path);
    return "good";
  } catch (const Refusal& refusal) {
    return refusal.sentence();
  }
}

std::string owned(const std::string& path) {
  return "root writes nothing by way of " + path +
         ": it is owned by uid 1, who could put another in its place; run sshsmctl as that user, "
         "or "
         "make it root's";
}

std::string open_to_others(const std::string& path, const std::string& mode) {
  return "root writes nothing by way of " + path + ": others may write it, mode " + mode +
         ", and could put others in the place of our files; take that from them";
}

}  // namespace

TEST_CASE("where only root leads the way, in /tmp too, root may go") {
  const Place place;
  CHECK(complaint(place.inner) == "good");
  CHECK(complaint(place.inner + "/missing/too") == "good");
  CHECK(complaint("/") == "good");
  CHECK(complaint(place.path + "//inner/") == "good");
}

TEST_CASE("a directory of somebody else's on the way is no way for root" *
          doctest::skip(geteuid() != 0)) {
  const Place place;
  REQUIRE(chown(place.inner.c_str(), stranger, 0) == 0);
  CHECK(complaint(place.inner) == owned(place.inner));
  CHECK(complaint(place.inner + "/missing") == owned(place.inner));
  CHECK(complaint(place.inner + "/..") == owned(place.inner));
}

TEST_CASE("one that others may write is none either, but for the sticky bit" *
          doctest::skip(geteuid() != 0)) {
  const Place place;
  REQUIRE(chmod(place.inner.c_str(), 0777) == 0);
  CHECK(complaint(place.inner + "/x") == open_to_others(place.inner, "0777"));
  REQUIRE(chmod(place.inner.c_str(), 0775) == 0);
  CHECK(complaint(place.inner) == open_to_others(place.inner, "0775"));
  REQUIRE(chmod(place.inner.c_str(), 01777) == 0);
  CHECK(complaint(place.inner) == "good");
}

TEST_CASE("a link is root's to follow where it is root's, and so is its way" *
          doctest::skip(geteuid() != 0)) {
  const Place place;
  REQUIRE(symlink("inner", place.link.c_str()) == 0);
  CHECK(complaint(place.link + "/x") == "good");
  REQUIRE(chown(place.inner.c_str(), stranger, 0) == 0);
  CHECK(complaint(place.link) == owned(place.link.substr(0, place.link.rfind('/')) + "/inner"));
  REQUIRE(chown(place.inner.c_str(), 0, 0) == 0);
  REQUIRE(lchown(place.link.c_str(), stranger, 0) == 0);
  CHECK(complaint(place.link) == owned(place.link));
  REQUIRE(unlink(place.link.c_str()) == 0);
  REQUIRE(symlink("link", place.link.c_str()) == 0);
  CHECK(complaint(place.link) ==
        "root writes nothing by way of " + place.link + ": Too many levels of symbolic links");
}
