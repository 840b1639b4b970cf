#include "keeper/texts.h"

#include "base/failure.h"

#include <doctest/doctest.h>
#include <unistd.h>

namespace sshsm::keeper {
namespace {

Texts sample() {
  Texts texts;
  texts.own = {"/etc/sshsm/friend.conf", "user = bob\n"};
  texts.key = {"-----BEGIN\n", "ssh-ed25519-cert-v01 AAAA"};
  texts.known_hosts = {{"/a", "one\n"}, {"/b", std::string("\0two", 4)}, {"/c", ""}};
  return texts;
}

}  // namespace

TEST_CASE("what is packed is unpacked as it was") {
  Texts texts = sample();
  SUBCASE("with defaults") {
    texts.defaults = {"/etc/sshsm/sshsm.conf", ""};
  }
  SUBCASE("without") {}
  const Texts read = unpack(pack(texts));
  CHECK(read.own.path == texts.own.path);
  CHECK(read.own.text == texts.own.text);
  CHECK(read.defaults.has_value() == texts.defaults.has_value());
  if (read.defaults) CHECK(read.defaults->path == "/etc/sshsm/sshsm.conf");
  CHECK(read.key.key == texts.key.key);
  CHECK(read.key.certificate == texts.key.certificate);
  REQUIRE(read.known_hosts.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(read.known_hosts[i].path == texts.known_hosts[i].path);
    CHECK(read.known_hosts[i].text == texts.known_hosts[i].text);
  }
}

TEST_CASE("a file that is cut off anywhere is a failure") {
  const base::Descriptor whole = pack(sample());
  const off_t size = lseek(whole.get(), 0, SEEK_END);
  // From a whole known_hosts file on what is missing cannot be told from what never was.
  for (off_t cut = size - 9; cut >= size - 12; --cut) {
    const base::Descriptor file = pack(sample());
    REQUIRE(ftruncate(file.get(), cut) == 0);
    CHECK_THROWS_AS(static_cast<void>(unpack(file)), base::Failure);
  }
  const base::Descriptor empty = pack(sample());
  REQUIRE(ftruncate(empty.get(), 0) == 0);
  CHECK_THROWS_AS(static_cast<void>(unpack(empty)), base::Failure);
}

}  // namespace sshsm::keeper
