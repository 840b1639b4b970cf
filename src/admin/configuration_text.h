#pragma once

#include "admin/arguments.h"
#include "config/destination.h"
#include "trust/host_key.h"

#include <string>
#include <vector>

namespace sshsm::admin {

/// `ssh-ed25519 AAAA…`: how a key stands in a configuration, and in a `.pub` file.
[[nodiscard]] std::string text_of(const trust::HostKey& key);

/// The whole DEST.conf of a friend who is enrolled so, with these pins.
[[nodiscard]] std::string configuration_text(const Arguments& arguments,
                                             const std::vector<trust::HostKey>& pins);

/// The same file with exactly these keys as `host-key`: lines of others are gone, lines of these
/// stay as they are, new ones stand behind the last one there was, or at the end. Every other line
/// and comment is kept to the byte. `file` was read without a failure before. Throws `Refusal`
/// where there are more pins than a file may have.
[[nodiscard]] std::string with_host_keys(const config::ConfigText& file,
                                         const std::vector<trust::HostKey>& pins);

}  // namespace sshsm::admin
