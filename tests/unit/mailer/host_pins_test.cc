#include "mailer/host_pins.h"

#include "base/failure.h"

#include <doctest/doctest.h>

using namespace sshsm::mailer;
using sshsm::base::Cause;
using sshsm::base::Failure;
using sshsm::config::Destination;
using sshsm::trust::HostKey;
using sshsm::trust::KnownHostsFile;
using sshsm::trust::Pins;
using Texts = std::vector<std::string>;
using Verdict = Pins::Verdict;

namespace {

const std::string key_of_a =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINlHgKlDUOLuPJ7TrB4bjCGOjeWR8x42aSgQ7bmKhfjq";
const std::string name_of_a = "ED25519 SHA256:iPYoXqtsK30vIKlcuZqZegHT1UgfjeWxL4fn600CWWo";
const std::string key_of_b =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAalmEWGa6NQL3MT2nTPq8Yi0LhRSVRuX+fIxpRUu0EM";
const std::string name_of_b = "ED25519 SHA256:BxSXJ7r9/SwZMnRvt2SOuj10Tu3LvbwhDSb5MFm/3Kg";

Destination to(const Texts& hosts) {
  Destination destination;
  destination.hosts = hosts;
  return destination;
}

std::vector<Pins> pins_of(const Destination& destination, const std::string& text) {
  const std::vector<KnownHostsFile> files{{"/etc/sshsm/known_hosts", text}};
  return pins_of_hosts(destination, files);
}

Failure refusal(const Destination& destination, const std::string& text) {
  try {
    return Failure(Cause::internal_error,
                   std::to_string(pins_of(destination, text).size()) + " hosts were taken");
  } catch (const Failure& failure) {
    return failure;
  }
}

Texts summaries(const std::vector<Pins>& pins) {
  Texts texts;
  for (const Pins& one : pins) texts.push_back(one.summary());
  return texts;
}

}  // namespace

TEST_CASE("each host has the pins of its own lines and no others") {
  const auto pins =
      pins_of(to({"a.example", "b.example", "c.example"}),
              "a.example " + key_of_a + "\nb.example " + key_of_b + "\nd.example " + key_of_b);
  CHECK(summaries(pins) == Texts{name_of_a, name_of_b, ""});
  const auto offered = sshsm::trust::read_pin("ssh-ed25519", key_of_a.substr(12));
  REQUIRE(offered);
  CHECK(pins[0].judge(*offered) == Verdict::pinned);
  CHECK(pins[1].judge(*offered) == Verdict::changed);
  CHECK(pins[2].judge(*offered) == Verdict::type_unpinned);
}

TEST_CASE("a host-key setting covers every host") {
  Destination destination = to({"a.example", "b.example"});
  destination.host_keys = {key_of_a};
  CHECK(summaries(pins_of(destination, "b.example " + key_of_b)) ==
        Texts{name_of_a, name_of_b + ", " + name_of_a});
}

TEST_CASE("an alias is looked up for every host, and the hosts' own names are not") {
  Destination destination = to({"a.example", "b.example"});
  destination.host_key_alias = "bobs";
  CHECK(summaries(pins_of(destination, "bobs " + key_of_b + "\na.example " + key_of_a)) ==
        Texts{name_of_b, name_of_b});
}

TEST_CASE("a key revoked everywhere is pinned nowhere") {
  const auto pins =
      pins_of(to({"a.example", "b.example"}),
              "a.example " + key_of_a + "\nb.example " + key_of_b + "\n@revoked * " + key_of_a);
  CHECK(pins[0].empty());
  CHECK(pins[0].revoked_pins() == name_of_a);
  CHECK(summaries(pins) == Texts{"", name_of_b});
}

TEST_CASE("where no host is pinned all of them are named") {
  const Failure one = refusal(to({"a.example"}), "b.example " + key_of_b);
  CHECK(one.cause() == Cause::host_key_unpinned);
  CHECK(one.detail() == "a.example port 22 in /etc/sshsm/known_hosts");
  const Failure three = refusal(to({"a.example", "b.example", "c.example"}), "");
  CHECK(three.cause() == Cause::host_key_unpinned);
  CHECK(three.detail() == "a.example, b.example, c.example port 22 in /etc/sshsm/known_hosts");
  Destination destination = to({"a.example", "b.example"});
  destination.host_key_alias = "bobs";
  CHECK(refusal(destination, "").detail() == "bobs port 22 in /etc/sshsm/known_hosts");
}

TEST_CASE("where every pin is revoked the hosts are named with them") {
  const std::string revoked = "\n@revoked * " + key_of_a + "\n@revoked * " + key_of_b;
  const std::string text = "a.example " + key_of_a + "\nb.example " + key_of_b + revoked;
  const Failure one = refusal(to({"a.example"}), text);
  CHECK(one.cause() == Cause::host_key_revoked);
  CHECK(one.detail() == "pinned " + name_of_a);
  const Failure three = refusal(to({"a.example", "c.example", "b.example"}), text);
  CHECK(three.cause() == Cause::host_key_revoked);
  CHECK(three.detail() == "pinned for a.example " + name_of_a + ", pinned for b.example " +
                              name_of_b + ", none for c.example");
  Destination destination = to({"a.example", "b.example"});
  destination.host_key_alias = "bobs";
  CHECK(refusal(destination, "bobs " + key_of_a + revoked).detail() == "pinned " + name_of_a);
}

TEST_CASE("a remark about a line that names several hosts is made once") {
  const auto pins = pins_of(to({"a.example", "b.example"}),
                            "*.example ssh-dss AAAA\n*.example " + key_of_a + "\n");
  CHECK(remarks_of(pins) ==
        Texts{"/etc/sshsm/known_hosts:1: passed over: the key type \"ssh-dss\" is not used"});
}
