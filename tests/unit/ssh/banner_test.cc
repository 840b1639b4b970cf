#include "ssh/banner.h"

#include "base/descriptor.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

using namespace sshsm::ssh;
using namespace sshsm::base;

namespace {

struct Pair {
  Pair() {
    std::array<int, 2> numbers{};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, numbers.data()) == 0);
    ours.reset(numbers[0]);
    theirs.reset(numbers[1]);
  }
  void say(std::string_view text) const {
    REQUIRE(write(theirs.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  Descriptor ours;
  Descriptor theirs;
};

/// Says one piece each time the code under test waits, and then goes away.
class Teller final : public Waiter {
 public:
  Teller(Pair& pair, std::string_view text) : pair_(pair), text_(text) {}
  short wait(int descriptor, short events, Deadline deadline) override {
    if (descriptor >= 0 && !text_.empty()) {
      pair_.say(text_.substr(0, 1));
      text_.remove_prefix(1);
    }
    return PlainWaiter().wait(descriptor, events, deadline);
  }

 private:
  Pair& pair_;
  std::string_view text_;
};

std::string read_rest(const Pair& pair) {
  std::string rest(200, '\0');
  const ssize_t size = recv(pair.ours.get(), rest.data(), rest.size(), MSG_DONTWAIT);
  rest.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return rest;
}

BannerWait wait_briefly(const Pair& pair) {
  PlainWaiter waiter;
  return wait_for_banner(pair.ours.get(), Deadline::after(Milliseconds(300)), waiter);
}

}  // namespace

TEST_CASE("the banner is seen and left for libssh") {
  Pair pair;
  pair.say("SSH-2.0-OpenSSH_9.2\r\n");
  const BannerWait wait = wait_briefly(pair);
  CHECK(wait.end == BannerWait::End::banner);
  CHECK(wait.text.empty());
  CHECK(read_rest(pair) == "SSH-2.0-OpenSSH_9.2\r\n");
}

TEST_CASE("lines before the banner are taken away and kept") {
  Pair pair;
  pair.say("welcome\r\nSSH is near\r\nSSH-2.0-x\r\n");
  const BannerWait wait = wait_briefly(pair);
  CHECK(wait.end == BannerWait::End::banner);
  CHECK(wait.text == "welcome\r\nSSH is near\r\n");
  CHECK(read_rest(pair) == "SSH-2.0-x\r\n");
}

TEST_CASE("a banner that comes byte by byte is a banner") {
  Pair pair;
  Teller teller(pair, "hi\r\nSSH-2.0-x\r\n");
  const BannerWait wait =
      wait_for_banner(pair.ours.get(), Deadline::after(Milliseconds(5000)), teller);
  CHECK(wait.end == BannerWait::End::banner);
  CHECK(wait.text == "hi\r\n");
}

TEST_CASE("sshd's refusal beyond MaxStartups is a close, with its words") {
  Pair pair;
  pair.say("Exceeded MaxStartups\r\n");
  pair.theirs.reset();
  const BannerWait wait = wait_briefly(pair);
  CHECK(wait.end == BannerWait::End::closed);
  CHECK(wait.text == "Exceeded MaxStartups\r\n");
}

TEST_CASE("a port without an SSH server is silent until the deadline") {
  Pair pair;
  CHECK(wait_briefly(pair).end == BannerWait::End::silent);
  pair.say("SS");
  CHECK(wait_briefly(pair).end == BannerWait::End::silent);
}

TEST_CASE("a flood before the banner is cut off at 8 KiB") {
  Pair pair;
  pair.say(std::string(20000, 'x'));
  const BannerWait wait = wait_briefly(pair);
  CHECK(wait.end == BannerWait::End::closed);
  CHECK(wait.text.size() <= 8192 + 1024);
}
