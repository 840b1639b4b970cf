#pragma once

#include "base/causes.h"

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>

namespace sshsm::privilege {

/// What one kind of file must be, and which causes name its faults.
struct FileRules {
  bool is_secret;  ///< readable by nobody but its owner (root with our group 0640 is allowed)
  bool must_be_root_owned;  ///< else root or the effective user
  std::size_t max_size;
  base::Cause unreadable;  ///< missing, no permission, not a regular file, too large
  base::Cause untrusted;   ///< wrong owner or mode
};

extern const FileRules configuration_rules;
extern const FileRules root_configuration_rules;  ///< where run-as is taken from it
extern const FileRules certificate_rules;
extern const FileRules private_key_rules;
extern const FileRules known_hosts_rules;

/// The whole file, after its owner and mode were checked on the opened descriptor (never on the
/// name: it may be another file a moment later). Throws `Failure` with the path in its detail.
[[nodiscard]] std::string read_trusted_file(const std::string& path, const FileRules& rules);

/// The same, but no value where the file does not exist.
[[nodiscard]] std::optional<std::string> read_trusted_file_if_any(const std::string& path,
                                                                  const FileRules& rules);

}  // namespace sshsm::privilege
