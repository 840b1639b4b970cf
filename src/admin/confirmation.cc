#include "admin/confirmation.h"

#include "admin/dialogue.h"
#include "admin/host_names.h"
#include "admin/output.h"
#include "admin/refusal.h"
#include "base/text.h"

#include <algorithm>
#include <iterator>

namespace sshsm::admin {
namespace {

using base::concat;

constexpr std::size_t max_path = 255;

std::string joined(const std::vector<std::string>& faults) {
  std::string text;
  for (const std::string& fault : faults) text += concat({text.empty() ? "" : "; ", fault});
  return text;
}

std::vector<KeyFact> offered_keys(const Survey& survey) {
  std::vector<KeyFact> offered;
  std::copy_if(survey.keys.begin(), survey.keys.end(), std::back_inserter(offered),
               [](const KeyFact& fact) { return fact.is_offered; });
  return offered;
}

}  // namespace

Confirmation::Confirmation(const Arguments& arguments, const config::Destination& destination)
    : destination_(destination),
      evidence_(read_evidence(arguments.fingerprints, arguments.host_key_file)),
      file_name_(base::printable(arguments.host_key_file, max_path)) {
  if (!evidence_.is_empty()) return;
  terminal_ = Terminal::open();
  if (!terminal_)
    throw Refusal(
        "nobody sits at a terminal to type the fingerprint of the host's key; give it "
        "with --fingerprint, or the key with --host-key-file");
}

std::vector<KeyFact> Confirmation::confirm(const Survey& survey) const {
  const std::vector<KeyFact> offered = offered_keys(survey);
  if (offered.empty()) throw Refusal(joined(survey.faults));
  for (const std::string& fault : survey.faults) complain(fault);
  if (!terminal_) return confirm_by_evidence(offered);
  if (std::all_of(offered.begin(), offered.end(), [](const auto& fact) { return fact.is_revoked; }))
    throw Refusal(concat({"every key that ", hosts_text(destination_),
                          " shows is revoked by known_hosts; nothing is pinned"}));
  const Person person{[this](std::string_view text) { terminal_->show(text); },
                      [this] { return terminal_->read_line(); }};
  return ask_for_fingerprint(person, destination_, offered);
}

std::vector<KeyFact> Confirmation::confirm_by_evidence(const std::vector<KeyFact>& offered) const {
  std::vector<KeyFact> confirmed;
  for (const KeyFact& fact : offered) {
    if (!confirms(evidence_, destination_, fact.host_index, fact.key)) continue;
    if (fact.is_revoked)
      throw Refusal(concat({"the key ", trust::name_of(fact.key), " of ",
                            host_text(destination_, fact.host_index),
                            " is revoked by known_hosts; nothing is pinned"}));
    confirmed.push_back(fact);
  }
  if (!confirmed.empty()) return confirmed;
  throw Refusal(concat({"no key that ", hosts_text(destination_), " shows ",
                        evidence_.fingerprints.empty() ? "" : "has the fingerprint given",
                        !evidence_.fingerprints.empty() && evidence_.file ? " or " : "",
                        evidence_.file ? "is in " : "", evidence_.file ? file_name_ : "",
                        "; nothing is pinned. Either that is not the friend's key, or somebody "
                        "else answers there"}));
}

std::vector<trust::HostKey> keys_of(const std::vector<KeyFact>& facts) {
  std::vector<trust::HostKey> keys;
  for (const KeyFact& fact : facts)
    if (std::find(keys.begin(), keys.end(), fact.key) == keys.end()) keys.push_back(fact.key);
  return keys;
}

std::string other_keys_text(const config::Destination& destination, const Survey& shown,
                            const Survey& files, const std::vector<KeyFact>& pinned) {
  const std::vector<trust::HostKey> keys = keys_of(pinned);
  const auto is_told = [&](const KeyFact& fact) {
    return std::find(keys.begin(), keys.end(), fact.key) != keys.end();
  };
  const auto is_pinned_there = [&](const KeyFact& shown_key) {
    return std::any_of(files.keys.begin(), files.keys.end(), [&](const KeyFact& fact) {
      return fact.is_pinned && fact.host_index == shown_key.host_index && fact.key == shown_key.key;
    });
  };
  std::string text;
  for (const KeyFact& fact : files.keys)
    if (fact.is_pinned && !is_told(fact))
      text += concat({"pinned by known_hosts, too, for ", host_text(destination, fact.host_index),
                      ": ", trust::name_of(fact.key),
                      "; take its line out, or sshsmctl trust --revoke it\n"});
  for (const KeyFact& fact : offered_keys(shown))
    if (!is_told(fact) && !is_pinned_there(fact))
      text += concat({"not pinned: ", host_text(destination, fact.host_index), ": ",
                      trust::name_of(fact.key), "\n"});
  return text;
}

std::string pinned_text(const config::Destination& destination, const std::vector<KeyFact>& facts) {
  std::string text;
  for (const KeyFact& fact : facts)
    text += concat({"pinned for ", host_text(destination, fact.host_index), ": ",
                    trust::name_of(fact.key), "\n"});
  return text;
}

}  // namespace sshsm::admin
