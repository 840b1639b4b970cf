#include "admin/survey.h"

#include "../trust/sample_keys.h"
#include "admin/trust_table.h"
#include "base/failure.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sshsm::admin;
namespace trust = sshsm::trust;
using sshsm::base::Failure;
using trust::ed25519_key;
using trust::nistp256_key;
using trust::rsa_key;

namespace {

Survey taken(const std::string& record, std::size_t hosts = 2) {
  Survey survey;
  take_record(record, hosts, survey);
  return survey;
}

void take(Survey& survey, std::size_t host, const std::string& flags,
          const trust::SampleKey& sample) {
  take_record("key " + std::to_string(host) + " -" + flags + " " + sample.text(), 2, survey);
}

sshsm::config::Destination destination() {
  sshsm::config::Destination result;
  result.hosts = {"mx.friend.example", "192.0.2.2"};
  result.port = 2222;
  return result;
}

}  // namespace

TEST_CASE("a record is a key of one of our hosts, with what is known of it") {
  const Survey survey = taken("key 1 -po " + ed25519_key.text());
  REQUIRE(survey.keys.size() == 1);
  const KeyFact& fact = survey.keys.front();
  CHECK(fact.host_index == 1);
  CHECK(trust::name_of(fact.key) == ed25519_key.name);
  CHECK(fact.is_pinned);
  CHECK(fact.is_offered);
  CHECK_FALSE(fact.is_revoked);
}

TEST_CASE("a record may be the fault of a host, made printable") {
  CHECK(taken("fault mx: \x1b[2Jgone").faults == std::vector<std::string>{"mx: \\x1b[2Jgone"});
}

TEST_CASE("whatever else a child says is no record") {
  const std::vector<std::string> records{"",
                                         "key",
                                         "fault",
                                         "pin 0",
                                         "key 2 -o " + ed25519_key.text(),
                                         "key -1 -o " + ed25519_key.text(),
                                         "key 0 -o ssh-rsa " + ed25519_key.base64,
                                         "key 0 -o ssh-ed25519 AAAA",
                                         "key 0 -o " + ed25519_key.text() + " more",
                                         "key 0 " + ed25519_key.text()};
  for (const std::string& record : records) CHECK_THROWS_AS(taken(record), Failure);
}

TEST_CASE("pinned and offered keys stand side by side, host by host") {
  Survey survey;
  take(survey, 0, "po", ed25519_key);
  take(survey, 0, "p", nistp256_key);
  take(survey, 0, "ro", rsa_key);
  take(survey, 0, "o", trust::nistp384_key);
  take(survey, 1, "p", ed25519_key);
  take(survey, 1, "r", rsa_key);
  const auto row = [](const trust::SampleKey& sample, const std::string& state) {
    const std::size_t blank = sample.name.find(' ');
    std::string type = sample.name.substr(0, blank);
    type.resize(7, ' ');
    return "  " + type + "  " + sample.name.substr(blank + 1) + "  " + state + "\n";
  };
  CHECK(trust_table(destination(), survey) ==
        "[mx.friend.example]:2222\n" + row(ed25519_key, "pinned, offered") +
            row(nistp256_key, "pinned, not offered") + row(rsa_key, "revoked, offered") +
            row(trust::nistp384_key, "offered, not pinned") + "[192.0.2.2]:2222\n" +
            row(ed25519_key, "pinned") + row(rsa_key, "revoked"));
}

TEST_CASE("a host is proved by a key that is both pinned and offered") {
  Survey survey;
  take(survey, 0, "p", ed25519_key);
  take(survey, 0, "o", rsa_key);
  CHECK_FALSE(is_any_proved(survey));
  take(survey, 1, "po", ed25519_key);
  CHECK(is_any_proved(survey));
}
