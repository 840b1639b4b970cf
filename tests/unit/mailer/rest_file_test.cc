#include "mailer/rest_file.h"

#include "base/failure.h"
#include "rest_place.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <string>

using namespace sshsm::mailer;
using sshsm::base::Cause;
using sshsm::base::Failure;
using sshsm::smtp::LineEnd;

namespace {

/// No file of this process grows beyond `size` octets while it lives.
class SizeLimit {
 public:
  explicit SizeLimit(rlim_t size) {
    std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(getrlimit(RLIMIT_FSIZE, &old_) == 0);
    const rlimit small{.rlim_cur = size, .rlim_max = old_.rlim_max};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  }
  SizeLimit(const SizeLimit&) = delete;
  SizeLimit& operator=(const SizeLimit&) = delete;
  ~SizeLimit() { setrlimit(RLIMIT_FSIZE, &old_); }

 private:
  rlimit old_{};
};

std::string complaint(auto action) {
  try {
    action();
  } catch (const Failure& failure) {
    CHECK(failure.cause() == Cause::rest_unwritable);
    return failure.detail();
  }
  return "none";
}

}  // namespace

TEST_CASE("what was kept stays, and what came behind it is cut off") {
  const RestPlace place;
  RestFile file(place.path());
  file.add("one\n");
  file.cut_off();
  CHECK(place.text().empty());
  file.add("two\n");
  file.keep();
  file.add("three\n");
  CHECK(place.text() == "two\nthree\n");
  file.cut_off();
  file.add("four\n");
  file.finish();
  CHECK(place.text() == "two\nfour\n");
  CHECK(file.size() == 9);
}

TEST_CASE("the file is nobody else's to read") {
  const RestPlace place;
  const mode_t old = umask(0);
  const RestFile file(place.path());
  umask(old);
  struct stat status {};
  REQUIRE(stat(place.path().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE("whatever has the file's name already is left alone") {
  const RestPlace place;
  const auto refusal = [](const std::string& path) {
    try {
      const RestFile file(path);
    } catch (const Failure& failure) {
      CHECK(failure.cause() == Cause::rest_refused);
      return failure.detail();
    }
    return std::string("made");
  };
  REQUIRE(symlink("/nonexistent/target", place.path().c_str()) == 0);
  CHECK(refusal(place.path()) == place.path() + ": File exists");
  CHECK(refusal(place.directory()) == place.directory() + ": File exists");
  CHECK(refusal(place.path("none/rest")) ==
        place.path("none/rest") + ": No such file or directory");
  CHECK(refusal(std::string(300, 'x')) == std::string(157, 'x') + "...: File name too long");
}

TEST_CASE("a file that is full holds whole messages, and says where the others begin") {
  const RestPlace place;
  RestFile file(place.path());
  {
    const SizeLimit limit(10);
    file.add("a\nb\n");
    file.keep();
    file.add("c\n");
    CHECK(complaint([&] { file.add("d\ne\nf\n"); }) ==
          "nothing from line 3 of the batch on was accepted or is in the file: " + place.path() +
              ": File too large");
  }
  CHECK(place.text() == "a\nb\n");
  file.finish();
}

TEST_CASE("a line that was cut off is a line of the batch all the same") {
  const RestPlace place;
  RestFile file(place.path());
  file.add("a\nb\n");
  file.cut_off();
  file.keep();
  file.add("c");
  CHECK(complaint([&] { file.give_up("why"); }) ==
        "nothing from line 3 of the batch on was accepted or is in the file: " + place.path() +
            ": why");
  CHECK(place.text().empty());
}

TEST_CASE("a first line that ends otherwise than the batch has one before it that does not") {
  const RestPlace place;
  RestFile file(place.path());
  file.add("accepted\n");
  file.cut_off();
  file.keep();
  file.add("MA");
  file.add("IL\r\n");
  file.state_line_end(LineEnd::lf);
  file.state_line_end(LineEnd::lf);
  file.add("rest");
  CHECK(place.text() == "NOOP\nMAIL\r\nrest");
}

TEST_CASE("no line is put before what says itself how lines end") {
  struct Row {
    std::string text;
    LineEnd line_end;
    std::string wanted;
  };
  for (const Row& row : {Row{"a\r\n", LineEnd::crlf, "a\r\n"}, Row{"a\n", LineEnd::lf, "a\n"},
                         Row{"a\n", LineEnd::crlf, "NOOP\r\na\n"}, Row{"a", LineEnd::lf, "a"},
                         Row{"a\nb\r\n", LineEnd::lf, "a\nb\r\n"}, Row{"", LineEnd::crlf, ""},
                         Row{std::string(5000, 'x'), LineEnd::lf, std::string(5000, 'x')}}) {
    const RestPlace place;
    RestFile file(place.path());
    file.add(row.text);
    file.state_line_end(row.line_end);
    CHECK(place.text() == row.wanted);
  }
}
