#pragma once

#include "base/descriptor.h"
#include "config/destination.h"
#include "mailer/setup.h"
#include "trust/known_hosts.h"

#include <optional>
#include <vector>

namespace sshsm::keeper {

/// The files of one destination, read and not looked into.
struct Texts {
  config::ConfigText own;
  std::optional<config::ConfigText> defaults;
  std::vector<trust::KnownHostsFile> known_hosts;
  mailer::KeyTexts key;
};

/// A file without a name that has them, for another process to read; no copy of the key stays
/// behind in memory. Throws `Failure` resources_exhausted.
[[nodiscard]] base::Descriptor pack(const Texts& texts);

/// Reads such a file. Throws `Failure` internal_error.
[[nodiscard]] Texts unpack(const base::Descriptor& file);

}  // namespace sshsm::keeper
