#include "keeper/metrics_file.h"

#include "directory.h"
#include "keeper/status.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <string>

namespace sshsm::keeper {
namespace {

std::string text_at(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("the file has the last figures, for everybody to read, and nothing lies beside it") {
  const Directory directory;
  const mode_t before = umask(S_IRWXG | S_IRWXO);
  MetricsFile file(directory.of("s"));
  CHECK(file.write("one\n") == 0);
  CHECK(file.write("two\n") == 0);
  umask(before);
  CHECK(text_at(directory.of("s")) == "two\n");
  CHECK(directory.mode_of("s") == (S_IFREG | 0644));
  CHECK(directory.mode_of("s.new") == 0);
}

TEST_CASE("what lies in the way is replaced, and a link is not followed") {
  const Directory directory;
  directory.make_file("t");
  REQUIRE(symlink(directory.of("t").c_str(), directory.of("s.new").c_str()) == 0);
  REQUIRE(symlink(directory.of("t").c_str(), directory.of("s").c_str()) == 0);
  MetricsFile file(directory.of("s"));
  CHECK(file.write("one\n") == 0);
  CHECK(directory.mode_of("s") == (S_IFREG | 0644));
  CHECK(text_at(directory.of("t")).empty());
}

TEST_CASE("where it cannot be written errno says why, and without a path nothing is written") {
  CHECK(MetricsFile("/nonexistent/metrics").write("one\n") == ENOENT);
  CHECK(MetricsFile("").write("one\n") == 0);
}

TEST_CASE("the figures move to another file, and back from none") {
  const Directory directory;
  MetricsFile file(directory.of("s"));
  CHECK(file.write("one\n") == 0);
  CHECK(file.move_to(directory.of("t")) == 0);
  CHECK(directory.mode_of("s") == 0);
  CHECK(text_at(directory.of("t")) == "one\n");
  CHECK(file.move_to("") == 0);
  CHECK(directory.mode_of("t") == 0);
  CHECK(file.move_to("/nonexistent/metrics") == 0);
  CHECK(file.write("two\n") == ENOENT);
  CHECK(file.move_to("/nonexistent/others") == ENOENT);
  CHECK(file.move_to(directory.of("s")) == 0);
  CHECK(text_at(directory.of("s")) == "two\n");
}

TEST_CASE("a file of another kind that was never ours stays where it is") {
  const Directory directory;
  directory.make_file("s");
  MetricsFile file(directory.of("s"));
  CHECK(file.move_to(directory.of("t")) == 0);
  CHECK(directory.mode_of("s") != 0);
}

TEST_CASE("behind the keeper's end the line is down, and the other figures stay") {
  const Directory directory;
  Status status;
  status.destination = "friend";
  status.is_up = true;
  status.dials = 1;
  MetricsFile file(directory.of("s"));
  CHECK(file.write_end() == 0);
  CHECK(directory.mode_of("s") == 0);
  CHECK(file.write(metrics_of(status)) == 0);
  CHECK(file.write_end() == 0);
  status.is_up = false;
  CHECK(text_at(directory.of("s")) == metrics_of(status));
}

}  // namespace sshsm::keeper
