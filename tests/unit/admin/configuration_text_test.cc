#include "admin/configuration_text.h"

#include "../trust/sample_keys.h"
#include "admin/refusal.h"
#include "base/text.h"
#include "config/settings.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sshsm::admin;
namespace trust = sshsm::trust;
using sshsm::config::ConfigText;
using trust::ed25519_key;
using trust::nistp256_key;
using trust::rsa_key;
using Keys = std::vector<trust::HostKey>;

namespace {

trust::HostKey key_of(const trust::SampleKey& sample) {
  const auto key = trust::read_pin(sample.type, sample.base64);
  REQUIRE(key);
  return *key;
}

std::string pin(const trust::SampleKey& sample) {
  return "host-key = " + sample.text() + "\n";
}

std::string rewritten(const std::string& text, const Keys& pins) {
  return with_host_keys(ConfigText{"friend.conf", text}, pins);
}

}  // namespace

TEST_CASE("a new configuration has what was asked for and the pins") {
  Arguments arguments;
  arguments.hosts = {"mx.friend.example", "192.0.2.2"};
  arguments.user = "mailrx";
  const std::string head =
      "# Written by sshsmctl enrol; every setting is in sshsm.conf(5).\n"
      "user = mailrx\nhost = mx.friend.example 192.0.2.2\n";
  CHECK(configuration_text(arguments, {}) == head);
  arguments.port = "2222";
  arguments.smtp_address = "127.0.0.1:25";
  CHECK(configuration_text(arguments, {key_of(ed25519_key), key_of(rsa_key)}) ==
        head + "port = 2222\nsmtp-address = 127.0.0.1:25\n" + pin(ed25519_key) + pin(rsa_key));
}

TEST_CASE("a pin is added behind those that are there, and nothing else is touched") {
  const std::string before =
      "# Bob's host\n user=bob # him\r\nhost = \"mx\"\n\n" +
      ("host-key =  " + ed25519_key.type + "   " + ed25519_key.base64 + "  # since May\n");
  const std::string after = "timeout = 60\n# the end, without a line end";
  CHECK(rewritten(before + after, {key_of(ed25519_key), key_of(rsa_key)}) ==
        before + pin(rsa_key) + after + "\n");
  CHECK(rewritten(before + after + "\n", {key_of(rsa_key), key_of(ed25519_key)}) ==
        before + pin(rsa_key) + after + "\n");
}

TEST_CASE("the first pins stand at the end") {
  CHECK(rewritten("user = bob\nhost = mx", {key_of(rsa_key)}) ==
        "user = bob\nhost = mx\n" + pin(rsa_key));
  CHECK(rewritten("", {key_of(rsa_key)}) == pin(rsa_key));
}

TEST_CASE("pins that are not wanted any more are gone, each line of them") {
  const std::string text = "user = bob\n" + pin(ed25519_key) + "host = mx\n" + pin(nistp256_key);
  CHECK(rewritten(text, {key_of(rsa_key)}) == "user = bob\nhost = mx\n" + pin(rsa_key));
  CHECK(rewritten(text, {key_of(nistp256_key)}) == "user = bob\nhost = mx\n" + pin(nistp256_key));
  CHECK(rewritten(text, {}) == "user = bob\nhost = mx\n");
}

TEST_CASE("what is wanted already changes nothing") {
  const std::string text = "user = bob\n" + pin(ed25519_key) + "host = mx\n";
  CHECK(rewritten(text, {key_of(ed25519_key)}) == text);
  CHECK(rewritten("user = bob\n", {}) == "user = bob\n");
}

TEST_CASE("a file with CRLF line ends keeps them") {
  CHECK(rewritten("user = bob\r\nhost = mx\r\n", {key_of(ed25519_key)}) ==
        "user = bob\r\nhost = mx\r\nhost-key = " + ed25519_key.text() + "\r\n");
}

TEST_CASE("there are no more pins than a file may have") {
  Keys many(sshsm::config::max_repetitions, key_of(ed25519_key));
  CHECK_NOTHROW(rewritten("", many));
  many.push_back(key_of(ed25519_key));
  CHECK_THROWS_AS(rewritten("", many), Refusal);
}
