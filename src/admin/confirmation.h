#pragma once

#include "admin/arguments.h"
#include "admin/evidence.h"
#include "admin/survey.h"
#include "admin/terminal.h"
#include "config/destination.h"

#include <optional>
#include <string>
#include <vector>

namespace sshsm::admin {

/// Which of the keys that the hosts show are theirs: the only way to a pin, for enrol and for trust
/// alike.
class Confirmation {
 public:
  /// Reads what was said beforehand (--fingerprint, --host-key-file), or finds the terminal at
  /// which it will be. The destination outlives it. Throws `Refusal` where there is neither.
  Confirmation(const Arguments& arguments, const config::Destination& destination);

  /// The offered keys that were confirmed, at least one. Hosts that could not be asked are told of
  /// on standard error. Throws `Refusal` where no host shows a key, where none that it shows was
  /// confirmed, and where a confirmed one is revoked.
  [[nodiscard]] std::vector<KeyFact> confirm(const Survey& survey) const;

  [[nodiscard]] const Evidence& evidence() const { return evidence_; }

 private:
  [[nodiscard]] std::vector<KeyFact> confirm_by_evidence(const std::vector<KeyFact>& offered) const;

  const config::Destination& destination_;
  Evidence evidence_;
  std::string file_name_;
  std::optional<Terminal> terminal_;
};

/// The keys, each once.
[[nodiscard]] std::vector<trust::HostKey> keys_of(const std::vector<KeyFact>& facts);

/// A line for each of them: `pinned for HOST: ED25519 SHA256:…`
[[nodiscard]] std::string pinned_text(const config::Destination& destination,
                                      const std::vector<KeyFact>& facts);

/// And of the other keys: `not pinned: HOST: RSA SHA256:…` for those that the hosts show, and
/// before that, for those that `files`, the survey of what is written now, finds pinned
/// nevertheless, that known_hosts does it.
[[nodiscard]] std::string other_keys_text(const config::Destination& destination,
                                          const Survey& shown, const Survey& files,
                                          const std::vector<KeyFact>& pinned);

}  // namespace sshsm::admin
