#include "base/log.h"

#include "base/deadline.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

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

TEST_CASE("where nobody listens a log is silent") {
  Log log("sshsm", "/nonexistent/log");
  CHECK_NOTHROW(log.write(LOG_INFO, "nobody hears"));
}
