#include "ssh/session.h"

#include "base/failure.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>

using namespace sshsm::ssh;
using namespace sshsm::base;
using sshsm::config::Destination;

namespace {

Destination destination() {
  Destination destination;
  destination.user = "bob";
  destination.ciphers = "aes256-ctr";
  destination.macs = "hmac-sha2-256-etm@openssh.com";
  destination.kex_algorithms = "curve25519-sha256";
  return destination;
}

/// A session, and the end of its line that the host has.
struct Line {
  Line() {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    host = Descriptor(ends[0]);
    session = std::make_unique<Session>(Descriptor(ends[1]), destination(),
                                        std::vector<std::string>{"ssh-ed25519"});
  }

  void host_says(std::string_view bytes) {
    REQUIRE(write(host.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }

  Cause handshake_fails(Milliseconds limit) {
    PlainWaiter waiter;
    try {
      session->shake_hands(Deadline::after(limit), waiter);
    } catch (const Failure& failure) {
      return failure.cause();
    }
    FAIL("the handshake did not fail");
    return Cause::internal_error;
  }

  /// Whether nobody holds our end any more, behind all that was sent.
  bool is_hung_up() {
    char bytes[4096];
    ssize_t count = 0;
    do count = recv(host.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    while (count > 0);
    // A session that had no time to read all is closed with a reset.
    return count == 0 || (count < 0 && errno == ECONNRESET);
  }

  Descriptor host;
  std::unique_ptr<Session> session;
};

constexpr std::string_view silent_host = "SSH-2.0-host\r\n";
// A packet of impossible length behind the banner.
constexpr std::string_view broken_host = "SSH-2.0-host\r\n\xff\xff\xff\xff no packet at all";

}  // namespace

TEST_CASE("a session that never shook hands closes its socket with itself") {
  Line line;
  CHECK_FALSE(line.is_hung_up());
  line.session.reset();
  CHECK(line.is_hung_up());
}

TEST_CASE("a session whose handshake got no answer closes its socket with itself") {
  Line line;
  line.host_says(silent_host);
  CHECK(line.handshake_fails(Milliseconds(50)) == Cause::answer_timed_out);
  CHECK_FALSE(line.is_hung_up());
  line.session.reset();
  CHECK(line.is_hung_up());
}

TEST_CASE("a session whose handshake failed closes its socket with itself") {
  Line line;
  line.host_says(broken_host);
  CHECK(line.handshake_fails(Milliseconds(5000)) == Cause::handshake_failed);
  line.session.reset();
  CHECK(line.is_hung_up());
}

TEST_CASE("disconnect closes the socket at once") {
  Line line;
  line.host_says(silent_host);
  CHECK(line.handshake_fails(Milliseconds(50)) == Cause::answer_timed_out);
  line.session->disconnect();
  CHECK(line.is_hung_up());
}

TEST_CASE("a descriptor that got the number of the closed socket stays open") {
  Line line;
  line.host_says(silent_host);
  CHECK(line.handshake_fails(Milliseconds(50)) == Cause::answer_timed_out);
  const int number = line.session->descriptor();
  line.session->disconnect();
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const Descriptor one(ends[0]);
  const Descriptor other(ends[1]);
  REQUIRE((ends[0] == number || ends[1] == number));
  line.session.reset();
  CHECK(write(ends[0], "x", 1) == 1);
  CHECK(write(ends[1], "x", 1) == 1);
}
