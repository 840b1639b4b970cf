#pragma once

#include "trust/host_key.h"

#include <string>

namespace sshsm::ssh {

/// A key pair that was just made.
struct NewKey {
  NewKey() = default;
  NewKey(NewKey&&) = default;
  NewKey(const NewKey&) = delete;
  NewKey& operator=(const NewKey&) = delete;
  /// Wipes the private half.
  ~NewKey();

  std::string private_text;  ///< the whole file in OpenSSH's format, without a passphrase
  trust::HostKey public_key;
};

/// Makes an ed25519 key: nobody is there to type a passphrase, and no other type is smaller or
/// faster. Throws `Failure` resources_exhausted.
[[nodiscard]] NewKey make_key();

}  // namespace sshsm::ssh
