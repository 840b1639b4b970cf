#include "keeper/listener.h"

#include "base/unix_socket.h"
#include "directory.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <functional>
#include <utility>

namespace sshsm::keeper {
namespace {

using base::Cause;
using base::connect_to_socket;
using base::Descriptor;
using base::Failure;

ListenAddress at(const std::string& path) {
  return {Kind::smtp, path, {}, 0};
}

Listener listen_there(const std::string& path, Remains remains = Remains::replaced_if_dead) {
  return listen_at(at(path), remains, getegid());
}

std::string refusal_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Failure& failure) {
    CHECK(failure.cause() == Cause::listen_refused);
    return failure.detail();
  }
  return "none";
}

std::string refusal_of(const ListenAddress& address, Remains remains = Remains::replaced_if_dead) {
  return refusal_of([&] { (void)listen_at(address, remains, getegid()); });
}

/// What a client reads until the end.
std::string all_from(const Descriptor& client) {
  std::string text;
  std::array<char, 1024> piece{};
  for (;;) {
    pollfd watched{client.get(), POLLIN, 0};
    REQUIRE(poll(&watched, 1, 5000) == 1);
    const ssize_t count = read(client.get(), piece.data(), piece.size());
    if (count <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
}

/// A TCP socket that is bound to this address and any port, and listens or does not.
Descriptor tcp_socket(in_addr_t address, bool does_listen) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(address);
  REQUIRE(bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
  if (does_listen) REQUIRE(listen(socket.get(), 1) == 0);
  return socket;
}

}  // namespace

TEST_CASE("a value of listen is a protocol, smtp if none is named, and a place") {
  struct Sample {
    const char* value;
    const char* text;
  };
  for (const Sample& sample : {
           Sample{"/run/friend", "smtp:/run/friend"},
           {"smtp:/run/friend", "smtp:/run/friend"},
           {"lmtp:/run/friend", "lmtp:/run/friend"},
           {"127.0.0.1:25", "smtp:127.0.0.1:25"},
           {"lmtp:127.0.0.2:24", "lmtp:127.0.0.2:24"},
           {"smtp:[::1]:2525", "smtp:[::1]:2525"},
           {"localhost:25", "smtp:127.0.0.1:25"},
       })
    CHECK(text_of(parse_listen_address(sample.value)) == sample.text);
}

TEST_CASE("a Unix socket is made with mode 0660, close-on-exec, and does not block") {
  const Directory directory;
  const mode_t before = umask(S_IRWXG | S_IRWXO);
  const Listener listener = listen_there(directory.of("s"));
  CHECK(directory.mode_of("s") == (S_IFSOCK | 0660));
  CHECK(umask(before) == (S_IRWXG | S_IRWXO));
  CHECK((fcntl(listener.descriptor.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((fcntl(listener.descriptor.get(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK(listener.kind == Kind::smtp);
  CHECK(listener.path == directory.of("s"));
  CHECK_FALSE(listener.is_inherited);
}

TEST_CASE("root makes a socket of the mail user's group" * doctest::skip(geteuid() != 0)) {
  const Directory directory;
  constexpr gid_t group = 12345;
  const Listener listener = listen_at(at(directory.of("s")), Remains::kept, group);
  struct stat status {};
  REQUIRE(lstat(directory.of("s").c_str(), &status) == 0);
  CHECK(status.st_gid == group);
  directory.make_file("t");
  REQUIRE(lstat(directory.of("t").c_str(), &status) == 0);
  CHECK(status.st_gid == getegid());
}

TEST_CASE("a socket that nobody listens on is replaced") {
  const Directory directory;
  listen_there(directory.of("s")).descriptor.reset();
  const Listener listener = listen_there(directory.of("s"));
  CHECK(connect_to_socket(directory.of("s"), SOCK_STREAM));
}

TEST_CASE("without the lock nothing is replaced") {
  const Directory directory;
  listen_there(directory.of("s")).descriptor.reset();
  CHECK(refusal_of(at(directory.of("s")), Remains::kept) ==
        "smtp:" + directory.of("s") + ": Address already in use");
}

TEST_CASE("a socket that somebody listens on stays his") {
  const Directory directory;
  const Listener listener = listen_there(directory.of("s"));
  CHECK(refusal_of(at(directory.of("s"))) ==
        "smtp:" + directory.of("s") + ": somebody listens there already");
  CHECK(connect_to_socket(directory.of("s"), SOCK_STREAM));
}

TEST_CASE("a file that is no socket is never replaced, nor a link to one") {
  const Directory directory;
  directory.make_file("s");
  const std::string wanted = "smtp:" + directory.of("s") + ": a file that is no socket lies there";
  CHECK(refusal_of(at(directory.of("s"))) == wanted);
  CHECK(S_ISREG(directory.mode_of("s")));

  listen_there(directory.of("t")).descriptor.reset();
  unlink(directory.of("s").c_str());
  REQUIRE(symlink(directory.of("t").c_str(), directory.of("s").c_str()) == 0);
  CHECK(refusal_of(at(directory.of("s"))) == wanted);
  CHECK(S_ISSOCK(directory.mode_of("t")));
}

TEST_CASE("a path that is too long, or lies nowhere, is refused with the reason") {
  const std::string longest = "/" + std::string(106, 'x');
  CHECK(refusal_of(at(longest + "x")) ==
        "smtp:" + longest + "x: the path has more than 107 octets");
  CHECK(refusal_of(at("/nonexistent/s")) == "smtp:/nonexistent/s: No such file or directory");
}

TEST_CASE("TCP is on loopback, whatever anybody writes") {
  CHECK(listen_at({Kind::lmtp, {}, "127.0.0.1", 0}, Remains::kept, getegid()).path.empty());
  CHECK(refusal_of({Kind::lmtp, {}, "0.0.0.0", 25}) == "lmtp:0.0.0.0:25: not a loopback address");
  CHECK(refusal_of({Kind::smtp, {}, "192.0.2.1", 25}) ==
        "smtp:192.0.2.1:25: not a loopback address");
  CHECK(refusal_of({Kind::smtp, {}, "::", 25}) == "smtp:[::]:25: not a loopback address");
  CHECK(refusal_of({Kind::smtp, {}, "", 25}) == "smtp::25: not a loopback address");
}

TEST_CASE("an inherited socket is taken as it is, and made not to block") {
  const Directory directory;
  Listener made = listen_there(directory.of("s"));
  fcntl(made.descriptor.get(), F_SETFL, 0);
  const Listener listener = adopt(std::move(made.descriptor), Kind::meeting);
  CHECK(listener.is_inherited);
  CHECK(listener.kind == Kind::meeting);
  CHECK(listener.path == directory.of("s"));
  CHECK((fcntl(listener.descriptor.get(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK((fcntl(listener.descriptor.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("an inherited socket that does not listen, or listens to the world, is refused") {
  const auto refusal_to_adopt = [](Descriptor descriptor, Kind kind) {
    return refusal_of([&] { (void)adopt(std::move(descriptor), kind); });
  };
  CHECK(adopt(tcp_socket(INADDR_LOOPBACK, true), Kind::smtp).is_inherited);
  Descriptor silent = tcp_socket(INADDR_LOOPBACK, false);
  const std::string name = "descriptor " + std::to_string(silent.get());
  CHECK(refusal_to_adopt(std::move(silent), Kind::smtp) ==
        name + " (smtp): not a stream socket that listens (ListenStream=, and no Accept=yes)");
  CHECK(refusal_to_adopt(tcp_socket(INADDR_ANY, true), Kind::lmtp) ==
        name + " (lmtp): not a Unix socket or one on loopback");
  CHECK(refusal_to_adopt(tcp_socket(INADDR_LOOPBACK, true), Kind::meeting) ==
        name + " (meeting): not a Unix socket or one on loopback");
  CHECK(refusal_to_adopt(Descriptor(open("/dev/null", O_RDWR | O_CLOEXEC)), Kind::smtp) ==
        name + " (smtp): not a stream socket that listens (ListenStream=, and no Accept=yes)");
}

TEST_CASE(
    "root, the mail user and allow-users may connect, and to the meeting socket the first two") {
  const AllowedUsers users(1000, {"daemon"});
  for (const Kind kind : {Kind::smtp, Kind::lmtp, Kind::meeting, Kind::status}) {
    CHECK(users.has(kind, 0));
    CHECK(users.has(kind, 1000));
    CHECK(users.has(kind, 1) == (kind != Kind::meeting));
    CHECK_FALSE(users.has(kind, 1001));
  }
  CHECK_THROWS_AS(AllowedUsers(1000, {"no-such-user"}), Failure);
}

TEST_CASE("a client is taken as soon as he is there, and nobody is waited for") {
  const Directory directory;
  const Listener listener = listen_there(directory.of("s"));
  const AllowedUsers users(geteuid(), {});
  const Arrival nobody = accept_client(listener, users);
  CHECK_FALSE(nobody.socket);

  const Descriptor client = connect_to_socket(directory.of("s"), SOCK_STREAM);
  const Arrival somebody = accept_client(listener, users);
  REQUIRE(somebody.socket);
  CHECK_FALSE(somebody.refusal);
  CHECK((fcntl(somebody.socket.get(), F_GETFL) & O_NONBLOCK) != 0);
}

TEST_CASE("a user who is not allowed is told so in place of a greeting") {
  const Directory directory;
  const Listener listener = listen_there(directory.of("s"));
  const Descriptor client = connect_to_socket(directory.of("s"), SOCK_STREAM);
  Arrival arrival = accept_client(listener, AllowedUsers(geteuid(), {}));
  REQUIRE(arrival.socket);
  turn_away(std::move(arrival.socket), listener.kind, Failure(Cause::user_not_allowed, "uid 7"),
            "friend");
  CHECK(all_from(client) ==
        "421 4.7.1 sshsm: friend: this user may not use the keeper: uid 7; name him in "
        "allow-users, and start the keeper again\r\n");
}

}  // namespace sshsm::keeper
