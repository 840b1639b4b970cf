#include "base/unix_socket.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

using sshsm::base::connect_to_socket;
using sshsm::base::Descriptor;
using sshsm::base::max_socket_path;
using sshsm::base::SocketAddress;
using sshsm::base::user_at_other_end;

namespace {

Descriptor listener_at(const std::string& path) {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketAddress address(path);
  if (bind(socket.get(), address.get(), address.size()) != 0) return {};
  REQUIRE(listen(socket.get(), 1) == 0);
  return socket;
}

struct Directory {
  Directory() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~Directory() {
    unlink((path + "/s").c_str());
    rmdir(path.c_str());
  }
  std::string path = "/tmp/unix_socket_test_XXXXXX";
};

}  // namespace

TEST_CASE("who connects to a path finds the listener there, and each end knows the other's user") {
  const Directory directory;
  const Descriptor listener = listener_at(directory.path + "/s");
  const Descriptor near = connect_to_socket(directory.path + "/s", SOCK_STREAM);
  REQUIRE(near);
  CHECK((fcntl(near.get(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK((fcntl(near.get(), F_GETFD) & FD_CLOEXEC) != 0);
  const Descriptor far(accept(listener.get(), nullptr, nullptr));
  CHECK(user_at_other_end(near.get()) == geteuid());
  CHECK(user_at_other_end(far.get()) == geteuid());
}

TEST_CASE("where nobody listens errno says why") {
  const Directory directory;
  CHECK_FALSE(connect_to_socket(directory.path + "/s", SOCK_STREAM));
  CHECK(errno == ENOENT);
  listener_at(directory.path + "/s").reset();
  CHECK_FALSE(connect_to_socket(directory.path + "/s", SOCK_STREAM));
  CHECK(errno == ECONNREFUSED);
}

TEST_CASE("a name behind @ is one of Linux's abstract space") {
  const std::string name = "@sshsm-test-" + std::to_string(getpid());
  const Descriptor listener = listener_at(name);
  REQUIRE(listener);
  CHECK(connect_to_socket(name, SOCK_STREAM));
  CHECK_FALSE(connect_to_socket(name + "x", SOCK_STREAM));
}

TEST_CASE("a path may have 107 octets, and one more makes it nobody's") {
  const Directory directory;
  const auto path_of = [&](std::size_t size) {
    return directory.path + "/" + std::string(size - directory.path.size() - 1, '/') + "s";
  };
  const Descriptor listener = listener_at(path_of(max_socket_path - 1));
  REQUIRE(listener);
  CHECK(connect_to_socket(path_of(max_socket_path - 1), SOCK_STREAM));
  CHECK_FALSE(connect_to_socket(path_of(max_socket_path), SOCK_STREAM));
  CHECK_FALSE(connect_to_socket("", SOCK_STREAM));
}

TEST_CASE("a TCP socket has no user at its other end") {
  const Descriptor tcp(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK_FALSE(user_at_other_end(tcp.get()));
  CHECK_FALSE(user_at_other_end(-1));
}
