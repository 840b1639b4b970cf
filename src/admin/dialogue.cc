#include "admin/dialogue.h"

#include "admin/evidence.h"
#include "admin/host_names.h"
#include "admin/refusal.h"
#include "base/text.h"

#include <algorithm>
#include <iterator>

namespace sshsm::admin {
namespace {

using base::concat;

std::string request(const config::Destination& destination) {
  return concat(
      {"Ask the friend, by telephone or on paper and not by mail, for the fingerprint of "
       "a host key of\n",
       hosts_text(destination),
       ". There it is printed by\n\n"
       "    ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub\n\n"
       "Type it as the friend reads it out: all of SHA256:..., or at least the first ",
       std::to_string(min_fingerprint),
       " characters behind\nthat. It is compared with what the host shows, which is not "
       "shown before.\n"});
}

std::vector<KeyFact> matching(const std::vector<KeyFact>& keys, const std::string& told) {
  std::vector<KeyFact> found;
  std::copy_if(keys.begin(), keys.end(), std::back_inserter(found), [&](const KeyFact& fact) {
    return fact.is_offered && !fact.is_revoked && has_fingerprint(fact.key, told);
  });
  return found;
}

}  // namespace

std::vector<KeyFact> ask_for_fingerprint(const Person& person,
                                         const config::Destination& destination,
                                         const std::vector<KeyFact>& keys) {
  person.show(request(destination));
  for (unsigned tries = 0; tries < max_tries; ++tries) {
    person.show("Fingerprint: ");
    const std::optional<std::string> answer = person.answer();
    if (!answer) throw Refusal("no fingerprint was typed; nothing is pinned");
    const std::optional<std::string> told = read_fingerprint(*answer);
    if (!told) {
      person.show(concat({"That is no fingerprint: at least ", std::to_string(min_fingerprint),
                          " of its characters are needed.\n"}));
      continue;
    }
    std::vector<KeyFact> found = matching(keys, *told);
    if (!found.empty()) return found;
    person.show("No key that the host shows has this fingerprint.\n");
  }
  throw Refusal(
      concat({"three wrong fingerprints; nothing is pinned. Either they were misread, or "
              "somebody else answers at ",
              hosts_text(destination)}));
}

}  // namespace sshsm::admin
