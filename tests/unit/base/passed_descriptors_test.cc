#include "base/passed_descriptors.h"

#include "base/unix_socket.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

using sshsm::base::Descriptor;
using sshsm::base::max_passed_descriptors;
using sshsm::base::receive_with_descriptors;
using sshsm::base::send_with_descriptors;
using sshsm::base::socket_pair;

namespace {

constexpr std::array<char, 4> word{'w', 'o', 'r', 'd'};

bool receive(int socket, std::size_t size, std::string& text, std::vector<Descriptor>& passed) {
  text.assign(size, '\0');
  return receive_with_descriptors(socket, std::as_writable_bytes(std::span(text)), passed);
}

}  // namespace

TEST_CASE("a message arrives with as many descriptors as it was sent with, close-on-exec") {
  auto [near, far] = socket_pair(SOCK_SEQPACKET);
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, max_passed_descriptors}) {
    CAPTURE(count);
    auto [one, other] = socket_pair(SOCK_STREAM);
    const std::vector<int> sent(count, one.get());
    REQUIRE(send_with_descriptors(near.get(), std::as_bytes(std::span(word)), sent));
    std::string text;
    std::vector<Descriptor> passed;
    REQUIRE(receive(far.get(), word.size(), text, passed));
    CHECK(text == "word");
    REQUIRE(passed.size() == count);
    for (const Descriptor& copy : passed) {
      CHECK((fcntl(copy.get(), F_GETFD) & FD_CLOEXEC) != 0);
      char octet = 'x';
      REQUIRE(write(copy.get(), &octet, 1) == 1);
      CHECK(read(other.get(), &octet, 1) == 1);
    }
  }
}

TEST_CASE("a message of another size is none, and what came with it is closed") {
  auto [near, far] = socket_pair(SOCK_SEQPACKET);
  auto [one, other] = socket_pair(SOCK_STREAM);
  const std::array<int, 1> sent{one.get()};
  REQUIRE(send_with_descriptors(near.get(), std::as_bytes(std::span(word)), sent));
  one.reset();
  std::string text;
  {
    std::vector<Descriptor> passed;
    CHECK_FALSE(receive(far.get(), word.size() + 1, text, passed));
  }
  char octet = 'x';
  CHECK(read(other.get(), &octet, 1) == 0);
}

TEST_CASE("where the other end is closed nothing is sent and nothing comes") {
  auto [near, far] = socket_pair(SOCK_SEQPACKET);
  far.reset();
  CHECK_FALSE(send_with_descriptors(near.get(), std::as_bytes(std::span(word)), {}));
  std::string text;
  std::vector<Descriptor> passed;
  CHECK_FALSE(receive(near.get(), word.size(), text, passed));
}
