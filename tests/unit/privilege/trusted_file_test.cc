#include "privilege/trusted_file.h"

#include "base/descriptor.h"
#include "base/failure.h"
#include "child.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

namespace sshsm::privilege {
namespace {

constexpr uid_t nobody = 65534;
constexpr gid_t nobodys_group = 65534;
constexpr gid_t foreign_group = 8;

/// A directory that everybody may search, with files that are removed at the end.
class Directory {
 public:
  Directory() {
    std::string name = "/tmp/trusted_file_test.XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    name_ = name;
    REQUIRE(chmod(name_.c_str(), 0755) == 0);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() {
    for (const std::string& path : paths_)
      if (unlink(path.c_str()) != 0) rmdir(path.c_str());
    rmdir(name_.c_str());
  }

  /// A path that is removed at the end, whatever comes to be there.
  std::string path(const std::string& name) {
    paths_.push_back(name_ + "/" + name);
    return paths_.back();
  }
  std::string file(mode_t mode, const std::string& text = "text") {
    const std::string name = path(std::to_string(paths_.size()));
    const base::Descriptor opened(open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600));
    REQUIRE(write(opened.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    REQUIRE(fchmod(opened.get(), mode) == 0);
    return name;
  }
  std::string file_of(uid_t user, gid_t group, mode_t mode) {
    const std::string name = file(mode);
    REQUIRE(chown(name.c_str(), user, group) == 0);
    return name;
  }

 private:
  std::string name_;
  std::vector<std::string> paths_;
};

/// What became of reading it: its text, or `class: ` and the detail with PATH for the path.
std::string outcome(const std::string& path, const FileRules& rules) {
  try {
    return read_trusted_file(path, rules);
  } catch (const base::Failure& failure) {
    std::string detail = failure.detail();
    if (detail.starts_with(path)) detail.replace(0, path.size(), "PATH");
    return std::string(base::row_of(failure.cause()).name) + ": " + detail;
  }
}

/// The same as nobody, in a child.
std::string outcome_as_nobody(const std::string& path, const FileRules& rules) {
  const auto ending = run_in_child([&](Report& report) {
    // Root's own group goes too, as it does when sshsm becomes the mail user.
    if (setgroups(0, nullptr) != 0 || setresgid(nobodys_group, nobodys_group, nobodys_group) != 0 ||
        setresuid(nobody, nobody, nobody) != 0)
      return;
    report.add("outcome", outcome(path, rules));
  });
  return ending.report.substr(ending.report.find(' ') + 1);
}

bool lacks_root() {
  if (!is_root()) MESSAGE("SKIP: only root can give files away");
  return !is_root();
}

}  // namespace

TEST_CASE("a trusted file is read to its last byte, whatever is in it") {
  Directory directory;
  const std::string text("a\0b\r\n\xff", 6);
  CHECK(outcome(directory.file(0644, text), configuration_rules) == text);
  CHECK(outcome(directory.file(0600, ""), configuration_rules).empty());
}

TEST_CASE("a missing file is told by each kind's own cause") {
  Directory directory;
  const std::string path = directory.path("missing");
  CHECK(outcome(path, configuration_rules) ==
        "configuration-missing: PATH: No such file or directory");
  CHECK(outcome(path, root_configuration_rules) ==
        "configuration-missing: PATH: No such file or directory");
  CHECK(outcome(path, private_key_rules) == "key-missing: PATH: No such file or directory");
  CHECK(outcome(path, known_hosts_rules) ==
        "known-hosts-unreadable: PATH: No such file or directory");
}

TEST_CASE("a file that may be missing gives no value, but its faults are told") {
  Directory directory;
  CHECK_FALSE(read_trusted_file_if_any(directory.path("missing"), known_hosts_rules).has_value());
  CHECK(read_trusted_file_if_any(directory.file(0644), known_hosts_rules) == "text");
  CHECK_THROWS_AS((void)read_trusted_file_if_any(directory.file(0666), known_hosts_rules),
                  base::Failure);
  CHECK_THROWS_AS((void)read_trusted_file_if_any(directory.file(0644) + "/x", known_hosts_rules),
                  base::Failure);
}

TEST_CASE("a link is followed, and what it leads to is judged") {
  Directory directory;
  const std::string good = directory.path("good");
  const std::string bad = directory.path("bad");
  REQUIRE(symlink(directory.file(0644).c_str(), good.c_str()) == 0);
  REQUIRE(symlink(directory.file(0666).c_str(), bad.c_str()) == 0);
  CHECK(outcome(good, configuration_rules) == "text");
  CHECK(outcome(bad, configuration_rules) == "configuration-untrusted: PATH: mode 0666");
}

TEST_CASE("a link to nothing is a fault also where the file may be missing") {
  Directory directory;
  const std::string path = directory.path("link");
  REQUIRE(symlink("nothing", path.c_str()) == 0);
  CHECK_THROWS_AS((void)read_trusted_file_if_any(path, known_hosts_rules), base::Failure);
  CHECK(outcome(path, known_hosts_rules) ==
        "known-hosts-unreadable: PATH: No such file or directory");
}

TEST_CASE("directories, FIFOs, devices and sockets are no files, and none makes us wait") {
  Directory directory;
  const std::string folder = directory.path("folder");
  const std::string fifo = directory.path("fifo");
  const std::string socket_path = directory.path("socket");
  REQUIRE(mkdir(folder.c_str(), 0755) == 0);
  REQUIRE(mkfifo(fifo.c_str(), 0644) == 0);
  const base::Descriptor listener(socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  CHECK(outcome(folder, configuration_rules) == "configuration-missing: PATH: not a regular file");
  CHECK(outcome(fifo, configuration_rules) == "configuration-missing: PATH: not a regular file");
  CHECK(outcome("/dev/zero", private_key_rules) == "key-missing: PATH: not a regular file");
  CHECK(outcome(socket_path, configuration_rules) ==
        "configuration-missing: PATH: No such device or address");
}

TEST_CASE("a file that others can write is not trusted") {
  Directory directory;
  for (const mode_t mode : {0600U, 0644U, 0444U, 0755U, 0640U})
    CHECK(outcome(directory.file(mode), configuration_rules) == "text");
  CHECK(outcome(directory.file(0664), configuration_rules) ==
        "configuration-untrusted: PATH: mode 0664");
  CHECK(outcome(directory.file(0646), configuration_rules) ==
        "configuration-untrusted: PATH: mode 0646");
  CHECK(outcome(directory.file(0620), known_hosts_rules) ==
        "configuration-untrusted: PATH: mode 0620");
  CHECK(outcome(directory.file(0602), known_hosts_rules) ==
        "configuration-untrusted: PATH: mode 0602");
}

TEST_CASE("a key that others can read, write or run is not trusted") {
  Directory directory;
  CHECK(outcome(directory.file(0600), private_key_rules) == "text");
  CHECK(outcome(directory.file(0400), private_key_rules) == "text");
  CHECK(outcome(directory.file(0700), private_key_rules) == "text");
  CHECK(outcome(directory.file(0644), private_key_rules) == "key-untrusted: PATH: mode 0644");
  CHECK(outcome(directory.file(0604), private_key_rules) == "key-untrusted: PATH: mode 0604");
  CHECK(outcome(directory.file(0620), private_key_rules) == "key-untrusted: PATH: mode 0620");
  CHECK(outcome(directory.file(0601), private_key_rules) == "key-untrusted: PATH: mode 0601");
  CHECK(outcome(directory.file(0610), private_key_rules) == "key-untrusted: PATH: mode 0610");
}

TEST_CASE("a file belongs to root or to us") {
  if (lacks_root()) return;
  Directory directory;
  CHECK(outcome(directory.file_of(1000, 0, 0644), configuration_rules) ==
        "configuration-untrusted: PATH: owned by uid 1000");
  CHECK(outcome(directory.file_of(1000, 0, 0600), private_key_rules) ==
        "key-untrusted: PATH: owned by uid 1000");
  CHECK(outcome_as_nobody(directory.file_of(nobody, 0, 0644), configuration_rules) == "text\n");
  CHECK(outcome_as_nobody(directory.file_of(0, 0, 0644), configuration_rules) == "text\n");
  CHECK(outcome_as_nobody(directory.file_of(1000, 0, 0644), configuration_rules) ==
        "configuration-untrusted: PATH: owned by uid 1000\n");
}

TEST_CASE("the file that names run-as belongs to root alone") {
  if (lacks_root()) return;
  Directory directory;
  const std::string own = directory.file_of(nobody, 0, 0644);
  CHECK(outcome_as_nobody(own, root_configuration_rules) ==
        "configuration-untrusted: PATH: owned by uid 65534\n");
  CHECK(outcome_as_nobody(directory.file_of(0, 0, 0644), root_configuration_rules) == "text\n");
}

TEST_CASE("root may keep the key, readable by the mail user's primary group alone") {
  if (lacks_root()) return;
  Directory directory;
  const auto read_key = [&](uid_t user, gid_t group, mode_t mode) {
    return outcome_as_nobody(directory.file_of(user, group, mode), private_key_rules);
  };
  CHECK(read_key(0, nobodys_group, 0640) == "text\n");
  CHECK(read_key(0, nobodys_group, 0440) == "text\n");
  CHECK(read_key(0, nobodys_group, 0660) == "key-untrusted: PATH: mode 0660\n");
  CHECK(read_key(0, nobodys_group, 0650) == "key-untrusted: PATH: mode 0650\n");
  CHECK(read_key(0, nobodys_group, 0644) == "key-untrusted: PATH: mode 0644\n");
  CHECK(read_key(nobody, nobodys_group, 0640) == "key-untrusted: PATH: mode 0640\n");
}

TEST_CASE("the group of a stranger who called a set-id copy is not the mail user's") {
  if (lacks_root()) return;
  Directory directory;
  const std::string path = directory.file_of(0, foreign_group, 0640);
  const auto ending = run_in_child([&](Report& report) {
    if (setgroups(0, nullptr) != 0 || setresgid(foreign_group, foreign_group, foreign_group) != 0 ||
        setresuid(nobody, nobody, nobody) != 0)
      return;
    report.add("outcome", outcome(path, private_key_rules));
  });
  CHECK(ending.report == "outcome: key-untrusted: PATH: mode 0640\n");
}

TEST_CASE("a file that we may not read is told apart from a missing one") {
  if (lacks_root()) return;
  Directory directory;
  CHECK(outcome_as_nobody(directory.file_of(0, 0, 0600), private_key_rules) ==
        "key-missing: PATH: Permission denied\n");
  CHECK(outcome_as_nobody(directory.file_of(0, 0, 0600), known_hosts_rules) ==
        "known-hosts-unreadable: PATH: Permission denied\n");
}

TEST_CASE("each kind of file has its limit") {
  Directory directory;
  const auto outcome_of_size = [&](off_t size, const FileRules& rules) {
    const std::string path = directory.file(0600, "");
    REQUIRE(truncate(path.c_str(), size) == 0);
    return outcome(path, rules);
  };
  CHECK(configuration_rules.max_size == 65536);
  CHECK(root_configuration_rules.max_size == 65536);
  CHECK(outcome_of_size(65536, configuration_rules).size() == 65536);
  CHECK(outcome_of_size(65537, configuration_rules) ==
        "configuration-missing: PATH: larger than 65536 bytes");
  CHECK(outcome_of_size(65536, private_key_rules).size() == 65536);
  CHECK(outcome_of_size(65537, private_key_rules) == "key-missing: PATH: larger than 65536 bytes");
  CHECK(outcome_of_size(16777216, known_hosts_rules).size() == 16777216);
  CHECK(outcome_of_size(16777217, known_hosts_rules) ==
        "known-hosts-unreadable: PATH: larger than 16777216 bytes");
}

TEST_CASE("a file whose size is not known before is read to its end") {
  CHECK(outcome("/proc/self/status", configuration_rules).starts_with("Name:\t"));
}

}  // namespace sshsm::privilege
