#include "admin/evidence.h"

#include "../trust/sample_keys.h"
#include "admin/refusal.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

using namespace sshsm::admin;
namespace trust = sshsm::trust;
using trust::ed25519_key;
using trust::nistp256_key;
using trust::rsa_key;

namespace {

trust::HostKey key_of(const trust::SampleKey& sample) {
  const auto key = trust::read_pin(sample.type, sample.base64);
  REQUIRE(key);
  return *key;
}

/// `SHA256:…`
std::string whole(const trust::SampleKey& sample) {
  return sample.name.substr(sample.name.find(' ') + 1);
}

/// The first `count` characters behind `SHA256:`.
std::string first(const trust::SampleKey& sample, std::size_t count) {
  return whole(sample).substr(7, count);
}

bool tells(const std::string& text, const trust::SampleKey& sample) {
  const auto told = read_fingerprint(text);
  return told && has_fingerprint(key_of(sample), *told);
}

sshsm::config::Destination destination(const std::string& host = "mx.friend.example") {
  sshsm::config::Destination result;
  result.hosts = {host};
  return result;
}

Evidence from_file(const std::string& text) {
  Evidence evidence;
  evidence.file = parse_host_key_file("file", text);
  return evidence;
}

bool confirms_key(const Evidence& evidence, const trust::SampleKey& sample) {
  return confirms(evidence, destination(), 0, key_of(sample));
}

std::string complaint(const std::string& fingerprint, const std::string& file = {}) {
  try {
    const std::vector<std::string> one{fingerprint};
    const Evidence evidence = read_evidence({one.data(), fingerprint.empty() ? 0U : 1U}, file);
    return "accepted";
  } catch (const Refusal& refusal) {
    return refusal.sentence();
  }
}

}  // namespace

TEST_CASE("a fingerprint is told whole, or from its beginning on for 16 characters at least") {
  CHECK(tells(whole(ed25519_key), ed25519_key));
  CHECK(tells(whole(ed25519_key).substr(7), ed25519_key));
  CHECK(tells("SHA256:" + first(ed25519_key, 16), ed25519_key));
  CHECK(tells(first(ed25519_key, 16), ed25519_key));
  CHECK(tells("sha256:" + first(ed25519_key, 43), ed25519_key));
  CHECK_FALSE(read_fingerprint(first(ed25519_key, 15)));
  CHECK_FALSE(read_fingerprint("SHA256:" + first(ed25519_key, 15)));
  CHECK_FALSE(read_fingerprint(whole(ed25519_key) + "A"));
}

TEST_CASE("it may be read out in groups, or pasted with the whole line of ssh-keygen") {
  CHECK(tells(first(ed25519_key, 8) + "  " + first(ed25519_key, 17).substr(8), ed25519_key));
  CHECK(tells("SHA256: " + first(ed25519_key, 20), ed25519_key));
  CHECK(tells("256 " + whole(ed25519_key) + " root@mx (ED25519)", ed25519_key));
}

TEST_CASE("no group of it is left out") {
  const std::string wrong = first(ed25519_key, 16) + " " + first(nistp256_key, 16);
  CHECK_FALSE(tells("SHA256:" + wrong, ed25519_key));
  CHECK_FALSE(tells(wrong, ed25519_key));
  CHECK(tells("SHA256:" + first(ed25519_key, 16) + " " + first(ed25519_key, 32).substr(16),
              ed25519_key));
}

TEST_CASE("no other words are a fingerprint") {
  for (const char* text :
       {"", "yes", "y", "yes yes yes yes yes y!", "ok-ok-ok-ok-ok-ok",
        "MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48", "*****************"})
    CHECK_MESSAGE(!read_fingerprint(text), text);
}

TEST_CASE("a fingerprint is another key's as soon as one character differs") {
  std::string text = first(ed25519_key, 16);
  CHECK_FALSE(tells(text, nistp256_key));
  text.back() = text.back() == 'A' ? 'B' : 'A';
  CHECK_FALSE(tells(text, ed25519_key));
  // Not its end and not its middle, nor in other letters.
  CHECK_FALSE(tells(whole(ed25519_key).substr(8), ed25519_key));
  CHECK_FALSE(has_fingerprint(key_of(ed25519_key), ""));
  CHECK_FALSE(has_fingerprint(key_of(ed25519_key), first(ed25519_key, 15)));
}

TEST_CASE("an option has room for a whole fingerprint") {
  CHECK(complaint(whole(ed25519_key)) == "accepted");
  const std::string end =
      " is not a whole fingerprint: SHA256: and 43 characters, as ssh-keygen -l prints it";
  for (const std::string& text :
       {first(ed25519_key, 43), "SHA256:" + first(ed25519_key, 42), std::string("yes")})
    CHECK(complaint(text) == "\"" + text + "\"" + end);
}

TEST_CASE("a fingerprint confirms its own key and no other") {
  Evidence evidence;
  evidence.fingerprints = {first(ed25519_key, 43)};
  CHECK(confirms_key(evidence, ed25519_key));
  CHECK_FALSE(confirms_key(evidence, nistp256_key));
  CHECK_FALSE(confirms_key(Evidence{}, ed25519_key));
}

TEST_CASE("a known_hosts file confirms what it says of this host, as ssh reads it") {
  const std::string line = "mx.friend.example " + ed25519_key.text() + "\n";
  CHECK(confirms_key(from_file(line), ed25519_key));
  CHECK_FALSE(confirms_key(from_file(line), nistp256_key));
  CHECK_FALSE(confirms_key(from_file("other.example " + ed25519_key.text()), ed25519_key));
  CHECK_FALSE(confirms_key(from_file("# " + line), ed25519_key));
  CHECK_FALSE(confirms_key(from_file(line + "@revoked * " + ed25519_key.text()), ed25519_key));
  CHECK_FALSE(confirms_key(from_file("@cert-authority " + line), ed25519_key));
}

TEST_CASE("what a file revokes is not confirmed, whatever else is said of it") {
  Evidence evidence = from_file(ed25519_key.text() + "\n@revoked * " + ed25519_key.text());
  evidence.fingerprints = {first(ed25519_key, 43), first(rsa_key, 43)};
  CHECK_FALSE(confirms_key(evidence, ed25519_key));
  CHECK(confirms_key(evidence, rsa_key));
}

TEST_CASE("a .pub file confirms its key, whatever the host is called") {
  CHECK(confirms_key(from_file(ed25519_key.text() + " root@mx\r\n"), ed25519_key));
  CHECK(confirms_key(from_file("# from Bob\n" + rsa_key.text()), rsa_key));
  CHECK_FALSE(confirms_key(from_file(ed25519_key.text()), rsa_key));
  CHECK_FALSE(confirms_key(from_file("ssh-ed25519 " + rsa_key.base64), rsa_key));
  CHECK_FALSE(confirms_key(from_file(""), ed25519_key));
}

TEST_CASE("the keys of a file are found without the host") {
  const Evidence evidence =
      from_file("mx.friend.example " + ed25519_key.text() + "\n" + rsa_key.text() + "\n");
  CHECK(keys_in_file(evidence, destination(), 0) ==
        std::vector<trust::HostKey>{key_of(ed25519_key), key_of(rsa_key)});
  CHECK(keys_in_file(evidence, destination("other.example"), 0) ==
        std::vector<trust::HostKey>{key_of(rsa_key)});
  CHECK(keys_in_file(Evidence{}, destination(), 0).empty());
}

TEST_CASE("a file that everybody may write, or that is no file, confirms nothing") {
  char name[] = "/tmp/sshsm-evidence-XXXXXX";
  const int file = mkstemp(name);
  REQUIRE(file >= 0);
  REQUIRE(write(file, ed25519_key.base64.data(), 8) == 8);
  CHECK(complaint("", name) == "accepted");
  REQUIRE(fchmod(file, 0646) == 0);
  CHECK(complaint("", name) == std::string("cannot use ") + name + ": everybody may write it");
  REQUIRE(fchmod(file, 0600) == 0);
  REQUIRE(ftruncate(file, 1024L * 1024) == 0);
  CHECK(complaint("", name) == "accepted");
  REQUIRE(ftruncate(file, 1024L * 1024 + 1) == 0);
  CHECK(complaint("", name) == std::string("cannot use ") + name + ": it is larger than 1 MiB");
  close(file);
  unlink(name);
  CHECK(complaint("", name) == std::string("cannot use ") + name + ": No such file or directory");
  CHECK(complaint("", "/tmp") == "cannot use /tmp: it is no regular file");
}
