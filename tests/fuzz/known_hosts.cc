#include "base/failure.h"
#include "law.h"
#include "target.h"
#include "trust/base64.h"
#include "trust/pins.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

// A known_hosts file: the first octet says whose key is looked for, the rest is the file.

namespace sshsm::fuzz {
namespace {

using trust::HostKey;
using trust::KnownHostsFile;
using trust::Pins;
using trust::Subject;

std::vector<Subject> subjects() {
  return {{"mx.example", 22, {}},   {"mx.example", 2222, {}}, {"mx.example", 2222, "friend"},
          {"192.0.2.1", 22, {}},    {"MX.Example", 22, {}},   {"2001:db8::1", 2222, {}},
          {"my_mx.example", 22, {}}};
}

/// Nothing where there are too many keys.
std::optional<Pins> read(const Subject& subject, const std::vector<KnownHostsFile>& files) {
  try {
    return Pins(subject, files, {});
  } catch (const base::Failure& failure) {
    require(failure.cause() == base::Cause::configuration_invalid, "a fault of the file's is known",
            failure.detail());
    return std::nullopt;
  }
}

bool contains(const std::vector<HostKey>& keys, const HostKey& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

void check(const Pins& pins) {
  require(pins.keys().size() <= Pins::max_keys && pins.revoked_keys().size() <= Pins::max_keys,
          "the keys of a host are not many");
  require(pins.remarks().size() <= Pins::max_remarks + 1, "nor are the remarks");
  require(pins.empty() == pins.keys().empty(), "nothing is pinned without a key");
  for (const HostKey& key : pins.keys()) {
    require(pins.judge(key) == Pins::Verdict::pinned, "a pinned key is accepted", key.type);
    require(!contains(pins.revoked_keys(), key), "no revoked key is pinned", key.type);
    require(trust::read_blob(key.blob) == key, "a pinned key is in its one spelling", key.type);
  }
  for (const HostKey& key : pins.revoked_keys())
    require(pins.judge(key) == Pins::Verdict::revoked, "a revoked key is refused", key.type);
}

/// A line that revokes a key for all hosts, wherever it stands, takes the pin away.
void check_revocation(const Subject& subject, const std::string& text, const Pins& pins) {
  if (pins.empty() || pins.revoked_keys().size() >= Pins::max_keys) return;
  const HostKey& key = pins.keys().front();
  const std::string line = "@revoked * " + key.type + " " + trust::encode_base64(key.blob) + "\n";
  for (const std::string& changed : {line + text, text + "\n" + line}) {
    const std::optional<Pins> with = read(subject, {{"known_hosts", changed}});
    require(with && with->judge(key) == Pins::Verdict::revoked, "a revocation holds", line);
    require(with->keys().size() + 1 == pins.keys().size(), "and takes one pin", line);
  }
}

/// Two files say together what one says that has the lines of both.
void check_parts(const Subject& subject, const std::string& text, const Pins& pins) {
  const std::size_t end = text.find('\n', text.size() / 2);
  if (end == std::string::npos) return;
  const std::optional<Pins> parts =
      read(subject, {{"a", text.substr(0, end)}, {"b", text.substr(end + 1)}});
  require(parts && parts->keys() == pins.keys() && parts->revoked_keys() == pins.revoked_keys(),
          "it is nothing in which file a line stands");
}

}  // namespace

void try_input(std::string_view input) {
  if (input.empty()) return;
  const std::vector<Subject> all = subjects();
  const Subject& subject = all[static_cast<unsigned char>(input.front()) % all.size()];
  const std::string text(input.substr(1));
  const std::optional<Pins> pins = read(subject, {{"known_hosts", text}});
  if (!pins) return;
  check(*pins);
  check_revocation(subject, text, *pins);
  check_parts(subject, text, *pins);
}

}  // namespace sshsm::fuzz
