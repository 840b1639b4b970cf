#include "trust/pins.h"

#include "base/failure.h"
#include "sample_keys.h"
#include "trust/base64.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sshsm::trust;
using sshsm::base::Cause;
using sshsm::base::Failure;
using Verdict = Pins::Verdict;
using Texts = std::vector<std::string>;

namespace {

const Subject mx{"mx.example", 22, ""};
const Subject mx_2222{"mx.example", 2222, ""};

Pins pins_of(const Subject& subject, const Texts& texts, const Texts& settings = {}) {
  std::vector<KnownHostsFile> files;
  for (const std::string& text : texts)
    files.push_back({"file" + std::to_string(files.size() + 1), text});
  return Pins(subject, files, settings);
}

HostKey key_of(const SampleKey& sample) {
  return read_pin(sample.type, sample.base64).value();
}

std::string line(const std::string& names, const SampleKey& key) {
  return names + " " + key.text() + "\n";
}

std::string detail_of_failure(const Subject& subject, const Texts& texts, const Texts& settings) {
  try {
    const Pins pins = pins_of(subject, texts, settings);
    return "no failure";
  } catch (const Failure& failure) {
    CHECK(failure.cause() == Cause::configuration_invalid);
    return failure.detail();
  }
}

// A key of its own for each number.
std::string numbered_key(std::size_t number) {
  std::string digits = std::to_string(number);
  digits.resize(32, 'x');
  return "ssh-ed25519 " + encode_base64(ssh_string("ssh-ed25519") + ssh_string(digits));
}

}  // namespace

TEST_CASE("a pinned key, a changed one and one of a type that is not pinned are told apart") {
  const Pins pins = pins_of(mx, {line("mx.example", ed25519_key)});
  CHECK(!pins.empty());
  CHECK(pins.judge(key_of(ed25519_key)) == Verdict::pinned);
  CHECK(pins.judge(key_of(second_ed25519_key)) == Verdict::changed);
  CHECK(pins.judge(key_of(rsa_key)) == Verdict::type_unpinned);
  CHECK(pins.remarks().empty());
}

TEST_CASE("a key that contradicts its type or is not whole is never pinned") {
  const Pins pins = pins_of(mx, {line("mx.example", ed25519_key) + line("mx.example", rsa_key)});
  HostKey key = key_of(ed25519_key);
  key.type = "ssh-rsa";
  CHECK(pins.judge(key) == Verdict::changed);
  key = key_of(rsa_key);
  key.type = "rsa-sha2-512";
  CHECK(pins.judge(key) == Verdict::type_unpinned);
  key = key_of(ed25519_key);
  key.blob += '\0';
  CHECK(pins.judge(key) == Verdict::changed);
  CHECK(pins.judge({}) == Verdict::type_unpinned);
}

TEST_CASE("types and summary name what is pinned, each type once") {
  const Pins pins = pins_of(mx,
                            {line("mx.example", ed25519_key) + line("mx.example", rsa_key),
                             line("mx.example", ed25519_key)},
                            {second_ed25519_key.text()});
  CHECK(pins.types() == Texts{"ssh-ed25519", "ssh-rsa"});
  CHECK(pins.summary() == ed25519_key.name + ", " + rsa_key.name + ", " + second_ed25519_key.name);
}

TEST_CASE("without a line for the host nothing is pinned") {
  for (const Pins& pins :
       {pins_of(mx, {}), pins_of(mx, {""}), pins_of(mx, {line("mail.example", ed25519_key)})}) {
    CHECK(pins.empty());
    CHECK(pins.types().empty());
    CHECK(pins.summary().empty());
    CHECK(pins.remarks().empty());
    CHECK(pins.judge(key_of(ed25519_key)) == Verdict::type_unpinned);
  }
}

TEST_CASE("host-key settings pin without any file and whatever the host is called") {
  for (const Subject& subject : {mx, mx_2222, Subject{"mx.example", 22, "friend"}}) {
    const Pins pins = pins_of(subject, {}, {ed25519_key.text(), nistp256_key.text()});
    CHECK(pins.judge(key_of(ed25519_key)) == Verdict::pinned);
    CHECK(pins.judge(key_of(nistp256_key)) == Verdict::pinned);
    CHECK(pins.types() == Texts{"ssh-ed25519", "ecdsa-sha2-nistp256"});
  }
}

TEST_CASE("a host-key setting that is no key is an error of the configuration") {
  CHECK(detail_of_failure(mx, {}, {"ssh-ed25519 AAAA"}) ==
        "host-key: \"ssh-ed25519 AAAA\" is no key that can be pinned");
  CHECK(detail_of_failure(mx, {}, {"ssh-ed25519"}) ==
        "host-key: \"ssh-ed25519\" is no key that can be pinned");
  CHECK(detail_of_failure(mx, {}, {ed25519_key.text(), ed25519_key.text() + " comment"}) ==
        "host-key: \"ssh-ed25519 "
        "AAAAC3NzaC1lZDI1NTE5AAAAINlHgKlDUOLuPJ7TrB4bjCGOjeWR8x42aSgQ7bmKh...\""
        " is no key that can be pinned");
}

TEST_CASE("a revoked key is refused wherever it is pinned") {
  const std::string pinned = line("mx.example", ed25519_key) + line("mx.example", rsa_key);
  const std::string revoked = "@revoked * " + ed25519_key.text() + "\n";
  for (const Pins& pins :
       {pins_of(mx, {pinned + revoked}), pins_of(mx, {revoked + pinned}),
        pins_of(mx, {pinned, revoked}), pins_of(mx, {revoked, pinned}),
        pins_of(mx, {revoked + line("mx.example", rsa_key)}, {ed25519_key.text()})}) {
    CHECK(pins.judge(key_of(ed25519_key)) == Verdict::revoked);
    CHECK(pins.judge(key_of(rsa_key)) == Verdict::pinned);
    CHECK(pins.types() == Texts{"ssh-rsa"});
    CHECK(pins.summary() == rsa_key.name);
    CHECK(pins.remarks() == Texts{"the pinned key " + ed25519_key.name + " is revoked"});
  }
}

TEST_CASE("where every pinned key is revoked nothing is left to dial for") {
  const Pins pins =
      pins_of(mx, {"@revoked mx.example " + ed25519_key.text()}, {ed25519_key.text()});
  CHECK(pins.empty());
  CHECK(pins.judge(key_of(ed25519_key)) == Verdict::revoked);
}

TEST_CASE("a revocation counts under the name with the port and under the bare one") {
  for (const char* const name : {"mx.example", "[mx.example]:2222"})
    for (const char* const pinned : {"mx.example", "[mx.example]:2222"})
      CHECK(pins_of(mx_2222, {line(pinned, ed25519_key) + "@revoked " + line(name, ed25519_key)})
                .judge(key_of(ed25519_key)) == Verdict::revoked);
  CHECK(pins_of({"mx.example", 22, "friend"},
                {line("friend", ed25519_key) + "@revoked " + line("mx.example", ed25519_key)})
            .judge(key_of(ed25519_key)) == Verdict::pinned);
}

TEST_CASE("the bare name counts for another port only while no line names the port") {
  const std::string bare = line("mx.example", ed25519_key);
  CHECK(pins_of(mx_2222, {bare}).judge(key_of(ed25519_key)) == Verdict::pinned);
  const Pins pins = pins_of(mx_2222, {bare, "# c\n" + line("[mx.example]:2222", rsa_key)});
  CHECK(pins.types() == Texts{"ssh-rsa"});
  CHECK(pins.judge(key_of(ed25519_key)) == Verdict::type_unpinned);
  CHECK(pins.remarks() == Texts{"file2:2 names [mx.example]:2222, so lines that name mx.example "
                                "alone do not count"});
  CHECK(pins_of(mx_2222, {bare + "[mx.example]:2222 ssh-future AAAA\n"}).empty());
  CHECK(!pins_of(mx_2222, {bare + "@cert-authority [mx.example]:2222 ssh-rsa AAAA\n"}).empty());
  CHECK(!pins_of(mx_2222, {bare + "@revoked " + line("[mx.example]:2222", rsa_key)}).empty());
  CHECK(!pins_of(mx_2222, {bare + "@x " + line("[mx.example]:2222", rsa_key)}).empty());
}

TEST_CASE("an alias is looked up instead of the host, without the port") {
  const Subject friend_at_2222{"mx.example", 2222, "Friend"};
  CHECK(!pins_of(friend_at_2222, {line("friend", ed25519_key)}).empty());
  for (const char* const name : {"mx.example", "[mx.example]:2222", "[friend]:2222"})
    CHECK(pins_of(friend_at_2222, {line(name, ed25519_key)}).empty());
}

TEST_CASE("lines that name the host and are passed over are remarked, others are not") {
  const Pins pins = pins_of(mx, {"mx.example\n"
                                 "mx.example ssh-ed25519\n"
                                 "mx.example ssh-\x1b[2J AAAA\n"
                                 "mx.example ssh-ed25519 AAAA\n"
                                 "@cert-authority *.example " +
                                 ed25519_key.text() +
                                 "\n"
                                 "@other mx.example " +
                                 ed25519_key.text() +
                                 "\n"
                                 "@revoked mx.example ssh-ed25519 AAAA\n"
                                 "mail.example ssh-ed25519 AAAA\n" +
                                 line("mx.example", rsa_key)});
  CHECK(pins.remarks() == Texts{
                              "file1:1: passed over: it has no key",
                              "file1:2: passed over: it has no key",
                              "file1:3: passed over: the key type \"ssh-\\x1b[2J\" is not used",
                              "file1:4: passed over: it has no whole ssh-ed25519 key",
                              "file1:5: passed over: @cert-authority lines are not used",
                              "file1:6: passed over: its marker is not known",
                              "file1:7: passed over: it revokes no key that could be used",
                          });
  CHECK(pins.judge(key_of(rsa_key)) == Verdict::pinned);
}

TEST_CASE("remarks over the limit are counted") {
  std::string text;
  for (std::size_t i = 0; i < Pins::max_remarks + 7; ++i) text += "mx.example\n";
  const Pins pins = pins_of(mx, {text});
  REQUIRE(pins.remarks().size() == Pins::max_remarks + 1);
  CHECK(pins.remarks().back() == "and 7 more");
}

TEST_CASE("keys over the limit are an error, pinned and revoked ones alike") {
  for (const std::string marker : {"", "@revoked "}) {
    std::string text;
    for (std::size_t i = 0; i < Pins::max_keys; ++i) text += marker + "* " + numbered_key(i) + "\n";
    CHECK_NOTHROW(pins_of(mx, {text}));
    CHECK_NOTHROW(pins_of(mx, {text + marker + "* " + numbered_key(0) + "\n"}));
    CHECK(detail_of_failure(mx, {text + marker + "* " + numbered_key(Pins::max_keys)}, {}) ==
          "file1:1001: more than 1000 host keys for one host");
  }
}

TEST_CASE("a file cut at any byte pins no key that the whole one does not pin") {
  const std::string text = "mx.example,* " + nistp256_key.text() + "\r\n@revoked *,!mx.example " +
                           ed25519_key.text() + "\n[mx.example]:2222 " + ed25519_key.text();
  const Pins whole = pins_of(mx_2222, {text});
  for (std::size_t length = 0; length < text.size(); ++length) {
    const Pins pins = pins_of(mx_2222, {text.substr(0, length)});
    for (const SampleKey& key : {nistp256_key, ed25519_key})
      if (pins.judge(key_of(key)) == Verdict::pinned)
        CHECK(whole.judge(key_of(key)) == Verdict::pinned);
    CHECK(pins.types().size() <= whole.types().size());
  }
}
