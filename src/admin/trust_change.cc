#include "admin/trust_change.h"

#include "admin/configuration_text.h"
#include "admin/confirmation.h"
#include "admin/host_names.h"
#include "admin/output.h"
#include "admin/own_files.h"
#include "admin/place.h"
#include "admin/refusal.h"
#include "admin/survey.h"
#include "admin/trust_table.h"
#include "admin/written_file.h"
#include "base/text.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sshsm::admin {
namespace {

using base::concat;
using Keys = std::vector<trust::HostKey>;

constexpr mode_t permission_bits = 07777;
constexpr std::size_t max_shown = 80;

bool contains(const Keys& keys, const trust::HostKey& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

void add(Keys& keys, const trust::HostKey& key) {
  if (!contains(keys, key)) keys.push_back(key);
}

void check_options(const Arguments& arguments) {
  const bool does_pin = arguments.does_add || arguments.does_replace;
  if (arguments.does_add && arguments.does_replace)
    throw Refusal("--add keeps the other pins and --replace does not; give one of them");
  if (!does_pin && !arguments.fingerprints.empty())
    throw Refusal("--fingerprint says which key to pin, with --add or with --replace");
  if (!does_pin && arguments.revoked.empty() && !arguments.host_key_file.empty())
    throw Refusal("--host-key-file says which keys to pin, with --add or with --replace");
}

/// The `host-key` settings that count now.
Keys set_keys(const config::Destination& destination) {
  Keys keys;
  for (const std::string& setting : destination.host_keys) {
    const std::vector<std::string> words = base::words_of(setting);
    if (const auto key = trust::read_pin(words.at(0), words.at(1))) add(keys, *key);
  }
  return keys;
}

/// One run of the verb.
class TrustChange {
 public:
  TrustChange(const Arguments& arguments, Place place)
      : arguments_(arguments),
        place_(std::move(place)),
        name_(checked_destination(arguments)),
        files_(read_own_files(place_, name_)),
        pins_(set_keys(destination())) {}

  int run() {
    if (arguments_.does_add || arguments_.does_replace)
      pin();
    else if (arguments_.revoked.empty())
      return show();
    else
      survey_ = survey(place_, destination(), Reach::files);
    revoke();
    write();
    return 0;
  }

 private:
  [[nodiscard]] const config::Destination& destination() const { return files_.destination; }

  int show() {
    survey_ = survey(place_, destination(), Reach::hosts);
    print(trust_table(destination(), survey_));
    for (const std::string& fault : survey_.faults) complain(fault);
    if (is_any_proved(survey_)) return 0;
    if (survey_.faults.size() < destination().hosts.size())
      complain(concat({"no key that ", hosts_text(destination()), " shows is pinned, so mail to ",
                       name_, " waits"}));
    return 1;
  }

  void pin() {
    const Confirmation confirmation(arguments_, destination());
    survey_ = survey(place_, destination(), Reach::hosts);
    if (arguments_.does_add) confirmed_ = keys_to_come(confirmation.evidence());
    if (confirmed_.empty()) confirmed_ = keys_of(confirmation.confirm(survey_));
    if (arguments_.does_replace) pins_.clear();
    const Keys before = set_keys(destination());
    for (const trust::HostKey& key : confirmed_) {
      const bool is_new = !contains(before, key);
      add(pins_, key);
      say_ += concat({is_new ? "pinned: " : "was pinned already: ", trust::name_of(key), "\n"});
    }
  }

  /// What the file gives for the hosts, whether they show it already or not. Their owner may bring
  /// the next key before he changes to it.
  [[nodiscard]] Keys keys_to_come(const Evidence& evidence) const {
    Keys keys;
    for (std::size_t index = 0; index < destination().hosts.size(); ++index)
      for (const trust::HostKey& key : keys_in_file(evidence, destination(), index)) add(keys, key);
    if (keys.empty()) return keys;
    for (const KeyFact& fact : survey_.keys)
      if (fact.is_offered && confirms(evidence, destination(), fact.host_index, fact.key))
        add(keys, fact.key);
    for (const trust::HostKey& key : keys)
      if (hosts_revoking(key) > 0)
        throw Refusal(concat(
            {"the key ", trust::name_of(key), " is revoked by known_hosts; nothing is pinned"}));
    return keys;
  }

  /// For how many of the hosts known_hosts revokes it.
  [[nodiscard]] std::size_t hosts_revoking(const trust::HostKey& key) const {
    return static_cast<std::size_t>(
        std::count_if(survey_.keys.begin(), survey_.keys.end(),
                      [&](const KeyFact& fact) { return fact.is_revoked && fact.key == key; }));
  }

  void revoke() {
    Keys keys;
    for (const std::string& told : arguments_.revoked)
      for (const trust::HostKey& key : keys_told(told)) add(keys, key);
    for (const trust::HostKey& key : keys) revoke(key);
  }

  /// The pinned keys, and those of the file, that have this fingerprint.
  [[nodiscard]] Keys keys_told(const std::string& told) const {
    const std::optional<std::string> fingerprint = read_fingerprint(told);
    if (!fingerprint)
      throw Refusal(concat({base::quoted(told, max_shown), " is no fingerprint: at least ",
                            std::to_string(min_fingerprint), " characters behind SHA256:"}));
    Keys candidates = set_keys(destination());
    for (const KeyFact& fact : survey_.keys)
      if (fact.is_pinned || fact.is_revoked) add(candidates, fact.key);
    const Evidence evidence = read_evidence({}, arguments_.host_key_file);
    for (std::size_t index = 0; index < destination().hosts.size(); ++index)
      for (const trust::HostKey& key : keys_in_file(evidence, destination(), index))
        add(candidates, key);
    std::erase_if(candidates, [&](const auto& key) { return !has_fingerprint(key, *fingerprint); });
    if (candidates.empty())
      throw Refusal(concat({"no pinned key of ", name_, " has the fingerprint ",
                            base::quoted(told, max_shown), "; nothing is changed"}));
    return candidates;
  }

  void revoke(const trust::HostKey& key) {
    if (contains(confirmed_, key))
      throw Refusal(concat({"the key ", trust::name_of(key),
                            " cannot be pinned and revoked at once; nothing is changed"}));
    std::erase(pins_, key);
    // A line for one host says nothing of the others, for which a file may pin the key.
    if (hosts_revoking(key) == destination().hosts.size()) {
      say_ += concat({"was revoked already: ", trust::name_of(key), "\n"});
      return;
    }
    revocations_.push_back(concat({"@revoked ", known_hosts_names(), " ", text_of(key)}));
    say_ += concat({"revoked: ", trust::name_of(key), "\n"});
  }

  /// The names under which the mailer looks: the first field of a known_hosts line.
  [[nodiscard]] std::string known_hosts_names() const {
    if (!destination().host_key_alias.empty()) return destination().host_key_alias;
    std::string names;
    for (std::size_t index = 0; index < destination().hosts.size(); ++index)
      names += concat({names.empty() ? "" : ",", host_text(destination(), index)});
    return names;
  }

  /// The revocation first: if the second file cannot be written, what is trusted is less and not
  /// more than was wanted.
  void write() {
    const std::string text = with_host_keys(files_.own, pins_);
    const Ownership ownership = ownership_of_own();
    if (!revocations_.empty()) check_known_hosts(ownership.user);
    if (read_own_files(place_, name_).own.text != files_.own.text)
      throw Refusal(files_.own.path + " was changed meanwhile; nothing is written, run it again");
    for (const std::string& line : revocations_)
      append_line(destination().known_hosts_files.front(), line, place_.mail_user.user);
    if (text != files_.own.text) write_file(files_.own.path, text, ownership, Existing::replaced);
    print(say_);
    tell_what_counts_now();
  }

  /// A file that the mail user may write must not say where root writes.
  void check_known_hosts(uid_t owner_of_own) const {
    const std::string& file = destination().known_hosts_files.front();
    if (!place_.caller.is_root() || owner_of_own == 0 || file == place_.directory + "/known_hosts")
      return;
    throw Refusal(concat({files_.own.path, " is not root's, so root does not write where it says, ",
                          file, "; nothing is changed. Run sshsmctl as ", place_.mail_user.name,
                          ", or make it root's"}));
  }

  /// What is trusted besides what was asked for: without a pin of its own, a friend has those of
  /// sshsm.conf, and those of known_hosts are another hand's to take out.
  void tell_what_counts_now() const {
    const OwnFiles now = read_own_files(place_, name_);
    const Keys set = set_keys(now.destination);
    Keys others;
    for (const KeyFact& fact : survey(place_, now.destination, Reach::files).keys)
      if (fact.is_pinned) add(others, fact.key);
    if (others.empty())
      print(concat({"no key of ", name_,
                    " is pinned now, so its mail waits; pin one with sshsmctl trust --add ", name_,
                    "\n"}));
    for (const trust::HostKey& key : others)
      if (contains(set, key) && !contains(pins_, key))
        print(concat({"pinned by sshsm.conf, since ", name_, " has no pin of its own now: ",
                      trust::name_of(key), "; --revoke it, too, if it is not the friend's\n"}));
      else if (arguments_.does_replace && !contains(set, key))
        print(concat({"still pinned by known_hosts: ", trust::name_of(key),
                      "; take its line out, or --revoke it\n"}));
  }

  /// The file stays whose it was.
  [[nodiscard]] Ownership ownership_of_own() const {
    struct stat status {};
    if (lstat(files_.own.path.c_str(), &status) != 0)
      throw Refusal(concat({files_.own.path, ": ", base::system_error_text(errno)}));
    if (!S_ISREG(status.st_mode))
      throw Refusal(files_.own.path + " is a link; change the file that it leads to by hand");
    return {status.st_uid, status.st_gid, status.st_mode & permission_bits};
  }

  const Arguments& arguments_;
  Place place_;
  std::string name_;
  OwnFiles files_;
  Keys pins_;  ///< what `host-key` is to say in the end
  Keys confirmed_;
  Survey survey_;
  std::vector<std::string> revocations_;
  std::string say_;
};

}  // namespace

int change_trust(const Arguments& arguments) {
  check_options(arguments);
  return TrustChange(arguments, find_place(arguments, Directory::exists)).run();
}

}  // namespace sshsm::admin
