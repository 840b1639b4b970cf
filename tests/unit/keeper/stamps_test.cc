#include "keeper/stamps.h"

#include "directory.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

namespace sshsm::keeper {
namespace {

void write_text(const std::string& path, const char* text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  CHECK(write(file, text, 3) == 3);
  close(file);
}

/// The clock of the file system ticks a few hundred times a second.
void wait_for_tick() {
  usleep(20000);
}

}  // namespace

TEST_CASE("files that nobody touched have not changed") {
  const Directory directory;
  write_text(directory.of("s"), "one");
  Stamps stamps;
  stamps.add(directory.of("s"));
  stamps.add(directory.of("t"));
  CHECK_FALSE(stamps.have_changed());
}

TEST_CASE("one that came, went, was written or replaced has changed") {
  const Directory directory;
  const std::string path = directory.of("s");
  Stamps absent;
  absent.add(path);
  write_text(path, "one");
  CHECK(absent.have_changed());
  Stamps present;
  present.add(path);
  wait_for_tick();
  SUBCASE("written in its place, as long as before") {
    write_text(path, "two");
  }
  SUBCASE("replaced") {
    write_text(directory.of("t"), "one");
    CHECK(std::rename(directory.of("t").c_str(), path.c_str()) == 0);
  }
  SUBCASE("gone") {
    CHECK(unlink(path.c_str()) == 0);
  }
  SUBCASE("written, and its time put back") {
    struct stat before {};
    CHECK(stat(path.c_str(), &before) == 0);
    write_text(path, "two");
    const timespec times[2] = {before.st_atim, before.st_mtim};
    CHECK(utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
  }
  CHECK(present.have_changed());
}

}  // namespace sshsm::keeper
