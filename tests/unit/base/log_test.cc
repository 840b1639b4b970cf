#include "base/log.h"

#include "base/deadline.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

using namespace sshsm::base;

namespace {

/// A log daemon's socket in a directory of its own.
class Daemon {
 public:
  Daemon() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    REQUIRE(mkdtemp(directory_.data()) != nullptr);
    path = directory_ + "/log";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  ~Daemon() {
    unlink(path.c_str());
    rmdir(directory_.c_str());
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  std::string read_line() const {
    std::string line(2000, '\0');
    const ssize_t size = recv(socket_.get(), line.data(), line.size(), MSG_DONTWAIT);
    line.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return line;
  }

  std::string path;

 private:
  std::string directory_ = "/tmp/sshsm_log_test.XXXXXX";
  Descriptor socket_;
};

}  // namespace

TEST_CASE("a line has facility mail, its level, the time, the program and its process") {
  const Daemon daemon;
  Log log("sshsm", daemon.path);
  log.write(LOG_INFO, "myfriend: to=<bob@friend.example>");
  const std::string line = daemon.read_line();
  CHECK(line.starts_with("<22>"));
  CHECK(line.ends_with(" sshsm[" + std::to_string(getpid()) +
                       "]: myfriend: to=<bob@friend.example>"));
  // `Nov  1 09:30:00`
  CHECK(line.size() ==
        std::string("<22>Nov  1 09:30:00").size() + line.substr(line.find(" sshsm[")).size());
}

TEST_CASE("a daemon that has stopped reading costs a second at most, and lines") {
  const Daemon daemon;
  Log log("sshsm", daemon.path);
  const auto start = Clock::now();
  for (int i = 0; i < 2000; ++i) log.write(LOG_INFO, std::string(200, 'x'));
  CHECK(Clock::now() - start < Milliseconds(3000));
  CHECK_FALSE(daemon.read_line().empty());
}

TEST_CASE("what the daemon does not take goes to the reserve, and nothing twice") {
  std::array<int, 2> pair{};
  REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) == 0);
  const Descriptor reader(pair[0]);
  const auto reserved = [&reader] {
    std::string line(2000, '\0');
    const ssize_t size = recv(reader.get(), line.data(), line.size(), MSG_DONTWAIT);
    line.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return line;
  };
  std::optional<Daemon> daemon(std::in_place);
  Log log("sshsmd", daemon->path);
  log.set_reserve(Descriptor(pair[1]));
  log.write(LOG_INFO, "one");
  CHECK(daemon->read_line().ends_with("]: one"));
  CHECK(reserved().empty());
  daemon.reset();
  log.write(LOG_INFO, "two");
  CHECK(reserved().ends_with("]: two"));
  Log without_daemon("sshsmd", "/nonexistent/log");
  without_daemon.set_reserve(Descriptor(fcntl(pair[1], F_DUPFD_CLOEXEC, 0)));
  without_daemon.write(LOG_INFO, "three");
  CHECK(reserved().ends_with("]: three"));
}

TEST_CASE("a reserve that nobody reads costs a second at most, and the daemon has its lines") {
  std::array<int, 2> pair{};
  REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) == 0);
  const Descriptor unread(pair[0]);
  const Daemon daemon;
  Log log("sshsmd", daemon.path);
  log.set_reserve(Descriptor(pair[1]));
  const auto start = Clock::now();
  for (int i = 0; i < 2000; ++i) log.write(LOG_INFO, std::string(200, 'x'));
  CHECK(Clock::now() - start < Milliseconds(3000));
  CHECK_FALSE(daemon.read_line().empty());
  log.write(LOG_INFO, "last");
  std::string line;
  for (std::string next = daemon.read_line(); !next.empty(); next = daemon.read_line()) line = next;
  CHECK(line.ends_with("]: last"));
}

TEST_CASE("where nobody listens a log is silent") {
  Log log("sshsm", "/nonexistent/log");
  CHECK_NOTHROW(log.write(LOG_INFO, "nobody hears"));
}
