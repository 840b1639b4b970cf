#include "admin/dialogue.h"

#include "../trust/sample_keys.h"
#include "admin/refusal.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <vector>

using namespace sshsm::admin;
namespace trust = sshsm::trust;
using trust::ed25519_key;
using trust::nistp256_key;
using trust::rsa_key;

namespace {

const std::string question = "Fingerprint: ";
const std::string too_short = "That is no fingerprint: at least 16 of its characters are needed.\n";
const std::string wrong = "No key that the host shows has this fingerprint.\n";

KeyFact offered(const trust::SampleKey& sample, bool is_revoked = false) {
  const auto key = trust::read_pin(sample.type, sample.base64);
  REQUIRE(key);
  return {0, *key, false, true, is_revoked};
}

/// One dialogue: what was answered, what was shown behind the explanation, what came of it.
struct Dialogue {
  explicit Dialogue(std::vector<std::string> lines) : answers(std::move(lines)) {
    sshsm::config::Destination destination;
    destination.hosts = {"mx.friend.example"};
    const Person person{[this](std::string_view text) { shown += text; },
                        [this]() -> std::optional<std::string> {
                          if (next == answers.size()) return std::nullopt;
                          return answers[next++];
                        }};
    try {
      confirmed = ask_for_fingerprint(
          person, destination,
          {offered(ed25519_key), offered(nistp256_key), offered(rsa_key, true)});
    } catch (const Refusal& refused) {
      refusal = refused.sentence();
    }
    shown.erase(0, shown.find(question));
  }

  std::vector<std::string> answers;
  std::size_t next = 0;
  std::string shown;
  std::string refusal;
  std::vector<KeyFact> confirmed;
};

std::string told(const trust::SampleKey& sample) {
  return sample.name.substr(sample.name.find(' ') + 1);
}

const std::string three_wrong =
    "three wrong fingerprints; nothing is pinned. Either they were misread, or somebody else "
    "answers at mx.friend.example";

}  // namespace

TEST_CASE("one fingerprint, typed right, confirms one key and no other") {
  const Dialogue dialogue({told(nistp256_key)});
  CHECK(dialogue.shown == question);
  REQUIRE(dialogue.confirmed.size() == 1);
  CHECK(trust::name_of(dialogue.confirmed.front().key) == nistp256_key.name);
}

TEST_CASE("the third try may be the right one") {
  const Dialogue dialogue({"yes", told(trust::nistp384_key), told(ed25519_key).substr(0, 23)});
  CHECK(dialogue.shown == question + too_short + question + wrong + question);
  REQUIRE(dialogue.confirmed.size() == 1);
  CHECK(trust::name_of(dialogue.confirmed.front().key) == ed25519_key.name);
}

TEST_CASE("behind three wrong ones nothing is asked") {
  const Dialogue dialogue({"yes", "yes", "yes", told(ed25519_key)});
  CHECK(dialogue.next == 3);
  CHECK(dialogue.refusal == three_wrong);
  CHECK(dialogue.confirmed.empty());
}

TEST_CASE("an empty answer is a wrong one, and a person who goes confirms nothing") {
  const Dialogue empty({"", ""});
  CHECK(empty.shown == question + too_short + question + too_short + question);
  CHECK(empty.refusal == "no fingerprint was typed; nothing is pinned");
}

TEST_CASE("a revoked key is not confirmed by its fingerprint") {
  const Dialogue dialogue({told(rsa_key), told(rsa_key), told(rsa_key)});
  CHECK(dialogue.refusal == three_wrong);
}

TEST_CASE("nothing of our fingerprints is shown, whatever is answered") {
  const Dialogue dialogue({"yes", told(trust::nistp384_key), "help"});
  for (const trust::SampleKey& key : {ed25519_key, nistp256_key, rsa_key})
    CHECK(dialogue.shown.find(told(key).substr(7, 6)) == std::string::npos);
}
