#include "admin/survey.h"

#include "admin/mail_user.h"
#include "admin/output.h"
#include "base/failure.h"
#include "base/text.h"
#include "base/trace.h"
#include "base/waiter.h"
#include "mailer/configuration.h"
#include "privilege/sandbox.h"
#include "ssh/host_keys.h"
#include "trust/base64.h"
#include "trust/libcrypto.h"
#include "trust/pins.h"

#include <algorithm>
#include <optional>

namespace sshsm::admin {
namespace {

using base::Cause;
using base::concat;
using base::Failure;

constexpr std::string_view key_record = "key";
constexpr std::string_view fault_record = "fault";

std::vector<trust::Pins> pins_of(const config::Destination& destination) {
  const auto files = mailer::read_known_hosts(destination, false);
  std::vector<trust::Pins> pins;
  for (const std::string& host : destination.hosts)
    pins.emplace_back(trust::Subject{host, destination.port, destination.host_key_alias}, files,
                      destination.host_keys);
  return pins;
}

void tell(const Hear& hear, const KeyFact& fact) {
  std::string flags = "-";
  if (fact.is_pinned) flags += 'p';
  if (fact.is_offered) flags += 'o';
  if (fact.is_revoked) flags += 'r';
  hear(concat({key_record, " ", std::to_string(fact.host_index), " ", flags, " ", fact.key.type,
               " ", trust::encode_base64(fact.key.blob)}));
}

/// The child's part. `asks` is null where only the files count.
class HostSurvey {
 public:
  HostSurvey(const config::Destination& destination, const Hear& hear)
      : destination_(destination), hear_(hear), pins_(pins_of(destination)) {}

  void run(Reach reach) {
    std::optional<ssh::Dialler> dialler;
    if (reach == Reach::hosts) dialler.emplace(destination_);
    trust::prepare_libcrypto();
    privilege::enter_sandbox();
    for (std::size_t index = 0; index < destination_.hosts.size(); ++index)
      tell_host(index, dialler ? offered_by(index, *dialler) : std::vector<trust::HostKey>());
  }

 private:
  std::vector<trust::HostKey> offered_by(std::size_t index, ssh::Dialler& dialler) {
    base::PlainWaiter waiter;
    base::Trace silent;
    try {
      return ssh::fetch_host_keys({destination_, pins_, dialler, waiter, silent}, index);
    } catch (const Failure& failure) {
      hear_(concat({fault_record, " ", destination_.hosts[index], ": ",
                    sentence_of(failure, destination_.name)}));
      return {};
    }
  }

  void tell_host(std::size_t index, const std::vector<trust::HostKey>& offered) {
    const trust::Pins& pins = pins_[index];
    const auto is_in = [](const std::vector<trust::HostKey>& keys, const trust::HostKey& key) {
      return std::find(keys.begin(), keys.end(), key) != keys.end();
    };
    for (const trust::HostKey& key : pins.keys())
      tell(hear_, {index, key, true, is_in(offered, key), false});
    for (const trust::HostKey& key : pins.revoked_keys())
      tell(hear_, {index, key, false, is_in(offered, key), true});
    for (const trust::HostKey& key : offered)
      if (!is_in(pins.keys(), key) && !is_in(pins.revoked_keys(), key))
        tell(hear_, {index, key, false, true, false});
  }

  const config::Destination& destination_;
  const Hear& hear_;
  std::vector<trust::Pins> pins_;
};

KeyFact read_key(const std::vector<std::string>& words, std::size_t host_count) {
  const auto no_key = [] { return Failure(Cause::internal_error, "a record that is no key"); };
  if (words.size() != 5) throw no_key();
  const auto index = base::parse_number(words[1], host_count);
  const auto key = trust::read_pin(words[3], words[4]);
  if (!index || *index == host_count || !key) throw no_key();
  KeyFact fact;
  fact.host_index = *index;
  fact.key = *key;
  const auto has = [&](char flag) { return words[2].find(flag) != std::string::npos; };
  fact.is_pinned = has('p');
  fact.is_offered = has('o');
  fact.is_revoked = has('r');
  return fact;
}

}  // namespace

void take_record(std::string_view record, std::size_t host_count, Survey& survey) {
  const std::vector<std::string> words = base::words_of(record);
  if (!words.empty() && words.front() == key_record)
    survey.keys.push_back(read_key(words, host_count));
  else if (words.size() > 1 && words.front() == fault_record)
    survey.faults.push_back(
        base::printable(record.substr(fault_record.size() + 1), 2 * base::max_sentence));
  else
    throw Failure(Cause::internal_error, "a record of no kind");
}

Survey survey(const Place& place, const config::Destination& destination, Reach reach) {
  Survey result;
  as_mail_user(
      place, [&](const Hear& hear) { HostSurvey(destination, hear).run(reach); },
      [&](std::string_view record) { take_record(record, destination.hosts.size(), result); });
  return result;
}

}  // namespace sshsm::admin
