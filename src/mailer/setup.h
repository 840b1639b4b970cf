#pragma once

#include "config/destination.h"
#include "mailer/arguments.h"
#include "privilege/identity.h"
#include "ssh/client_key.h"
#include "trust/known_hosts.h"
#include "trust/pins.h"

#include <string>
#include <vector>

namespace sshsm::mailer {

/// Everything that is read from files, before the sandbox closes them off.
struct Setup {
  config::Destination destination;
  std::vector<trust::Pins> pins;  ///< of each host, in the order of the destination's
  ssh::ClientKey key;
};

/// Becomes the mail user, and reads DEST.conf and sshsm.conf as him. `caller` is who started us.
/// Throws `Failure` bad_destination, bad_arguments, identity_refused and the configuration causes.
[[nodiscard]] config::Destination load_destination(const Arguments& arguments,
                                                   const privilege::Caller& caller);

/// Our private key with its certificate, read and checked. Throws the key causes and
/// certificate_invalid.
[[nodiscard]] ssh::ClientKey load_key(const config::Destination& destination);

/// Our private key and its certificate (empty: none) as whole files, not looked into.
struct KeyTexts {
  std::string key;
  std::string certificate;
};

/// Throws the key causes and certificate_invalid.
[[nodiscard]] KeyTexts read_key(const config::Destination& destination);

/// For a process that opens no file itself: of texts that another one has read. Throws `Failure`
/// host_key_unpinned, host_key_revoked and the key causes.
[[nodiscard]] Setup make_setup(config::Destination destination,
                               const std::vector<trust::KnownHostsFile>& known_hosts,
                               KeyTexts key_texts);

/// Reads pins and key. A destination without a pinned host is refused here, before anything is
/// dialled. Throws `Failure` host_key_unpinned, host_key_revoked, known_hosts_unreadable and the
/// key causes.
[[nodiscard]] Setup load_setup(config::Destination destination);

}  // namespace sshsm::mailer
