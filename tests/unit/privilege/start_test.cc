#include "privilege/start.h"

#include "child.h"

#include <dirent.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <vector>

namespace sshsm::privilege {
namespace {

std::string open_descriptors() {
  DIR* const directory = opendir("/proc/self/fd");
  if (directory == nullptr) return "no /proc";
  std::vector<int> numbers;
  while (const dirent* entry = readdir(directory))
    if (entry->d_name[0] != '.' && std::atoi(entry->d_name) != dirfd(directory))
      numbers.push_back(std::atoi(entry->d_name));
  closedir(directory);
  std::sort(numbers.begin(), numbers.end());
  std::string text;
  for (const int number : numbers) text += std::to_string(number) + " ";
  return text;
}

std::string target_of(int number) {
  const std::string name = "/proc/self/fd/" + std::to_string(number);
  std::array<char, 256> target{};
  const ssize_t size = readlink(name.c_str(), target.data(), target.size());
  return size < 0 ? "nothing" : std::string(target.data(), static_cast<std::size_t>(size));
}

/// What can be done with 0, 1 and 2.
void add_standard_descriptors(Report& report) {
  char byte = 'x';
  report.add("read 0", std::to_string(read(0, &byte, 1)));
  report.add("write 1", std::to_string(write(1, &byte, 1)));
  report.add("write 2", std::to_string(write(2, &byte, 1)));
  for (const int number : {0, 1, 2}) report.add(std::to_string(number), target_of(number));
}

constexpr std::string_view all_null =
    "read 0: 0\nwrite 1: 1\nwrite 2: 1\n0: /dev/null\n1: /dev/null\n2: /dev/null\n";

void move_to(int number, const char* path, int flags) {
  const int opened = open(path, flags);
  if (opened == number) return;
  dup2(opened, number);
  close(opened);
}

}  // namespace

TEST_CASE("missing descriptors become /dev/null, whichever are missing") {
  for (int missing = 0; missing < 8; ++missing) {
    CAPTURE(missing);
    const auto ending = run_in_child([missing](Report& report) {
      for (int number = 0; number < 3; ++number) {
        move_to(number, "/dev/null", O_RDWR);
        if ((missing & 1 << number) != 0) close(number);
      }
      start_clean();
      add_standard_descriptors(report);
    });
    CHECK(ending.status == 0);
    CHECK(ending.report == all_null);
  }
}

TEST_CASE("descriptors opened for the other direction become /dev/null") {
  // What the C library puts into the gaps of a set-id program.
  const auto ending = run_in_child([](Report& report) {
    move_to(0, "/dev/full", O_WRONLY);
    move_to(1, "/dev/null", O_RDONLY);
    move_to(2, "/dev/null", O_RDONLY);
    start_clean();
    add_standard_descriptors(report);
  });
  CHECK(ending.report == all_null);
}

TEST_CASE("descriptors that only name a file become /dev/null") {
  const auto ending = run_in_child([](Report& report) {
    for (const int number : {0, 1, 2}) move_to(number, "/etc/passwd", O_PATH);
    start_clean();
    add_standard_descriptors(report);
  });
  CHECK(ending.report == all_null);
}

TEST_CASE("descriptors that serve are left as they are") {
  std::array<int, 2> input{};
  std::array<int, 2> output{};
  REQUIRE(pipe(input.data()) == 0);
  REQUIRE(pipe(output.data()) == 0);
  REQUIRE(write(input[1], "in", 2) == 2);
  const auto ending = run_in_child([&](Report& report) {
    dup2(input[0], 0);
    dup2(output[1], 1);
    dup2(output[1], 2);  // one pipe for both, as sendmail makes it
    start_clean();
    std::array<char, 3> text{};
    report.add("read", std::to_string(read(0, text.data(), 2)));
    report.add("input", text.data());
    report.add_call("write 1", write(1, "out", 3));
    report.add_call("write 2", write(2, "err", 3));
  });
  CHECK(ending.report == "read: 2\ninput: in\nwrite 1: done\nwrite 2: done\n");
  std::array<char, 7> text{};
  CHECK(read(output[0], text.data(), 6) == 6);
  CHECK(std::string(text.data()) == "outerr");
  for (const int number : {input[0], input[1], output[0], output[1]}) close(number);
}

TEST_CASE("descriptors that a supervisor gave are kept, and those behind them closed") {
  const auto ending = run_in_child([](Report& report) {
    for (const int number : {3, 4, 5, 100}) dup2(0, number);
    start_clean(2);
    report.add("open", open_descriptors());
  });
  CHECK(ending.report == "open: 0 1 2 3 4 \n");
}

TEST_CASE("every other descriptor is closed") {
  const auto ending = run_in_child([](Report& report) {
    for (const int number : {3, 7, 100, 500}) dup2(0, number);
    start_clean();
    report.add("open", open_descriptors());
  });
  CHECK(ending.report == "open: 0 1 2 \n");
}

TEST_CASE("without close_range(2) every other descriptor is closed one by one") {
  const auto ending = run_in_child([](Report& report) {
    for (const int number : {3, 7, 100, 500}) dup2(0, number);
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(close_range), 0);
    report.add_call("old kernel", seccomp_load(filter));
    start_clean();
    report.add("open", open_descriptors());
  });
  CHECK(ending.report == "old kernel: done\nopen: 0 1 2 \n");
}

TEST_CASE("without /dev the numbers 0 to 2 are taken all the same") {
  if (!is_root()) {
    MESSAGE("SKIP: chroot needs root");
    return;
  }
  const auto ending = run_in_child([](Report& report) {
    for (const int number : {0, 1, 2}) close(number);
    report.add_call("chroot", chroot("/proc/self/fdinfo"));
    start_clean();
    char byte = 'x';
    report.add("read 0", std::to_string(read(0, &byte, 1)));
    report.add_call("write 1", write(1, &byte, 1));
    report.add_call("write 2", write(2, &byte, 1));
    report.add("next", std::to_string(dup(0)));
  });
  CHECK(ending.report == "chroot: done\nread 0: 0\nwrite 1: EPIPE\nwrite 2: EPIPE\nnext: 3\n");
}

TEST_CASE("environment, umask, core, dumpable and new privileges") {
  const auto ending = run_in_child([](Report& report) {
    setenv("OPENSSL_CONF", "/nonexistent", 1);
    setenv("HOME", "/nonexistent", 1);
    umask(0);
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    start_clean();
    report.add("environment", environ == nullptr || *environ == nullptr ? "empty" : *environ);
    report.add("OPENSSL_CONF", getenv("OPENSSL_CONF") == nullptr ? "unset" : "set");
    const mode_t mask = umask(0);
    report.add("umask", mask == 077 ? "077" : std::to_string(mask));
    rlimit core{.rlim_cur = 1, .rlim_max = 1};
    getrlimit(RLIMIT_CORE, &core);
    report.add("core", std::to_string(core.rlim_cur) + " " + std::to_string(core.rlim_max));
    report.add("dumpable", std::to_string(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)));
    report.add("no new privileges", std::to_string(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)));
  });
  CHECK(ending.report ==
        "environment: empty\nOPENSSL_CONF: unset\numask: 077\ncore: 0 0\ndumpable: 0\n"
        "no new privileges: 1\n");
}

TEST_CASE("the working directory stays") {
  const auto ending = run_in_child([](Report& report) {
    report.add_call("chdir", chdir("/usr"));
    start_clean();
    std::array<char, 256> name{};
    report.add("directory", getcwd(name.data(), name.size()) == nullptr ? "none" : name.data());
  });
  CHECK(ending.report == "chdir: done\ndirectory: /usr\n");
}

}  // namespace sshsm::privilege
