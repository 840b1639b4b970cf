#pragma once

#include "ssh/handles.h"
#include "trust/host_key.h"

#include <optional>
#include <string>

namespace sshsm::ssh {

/// Our private key, with its certificate if there is one, as libssh holds it.
class ClientKey {
 public:
  /// `text` and `certificate` (empty: none) are whole files. The paths are for the sentences. Call
  /// it before the sandbox: libcrypto opens its configuration at the first key. The text is wiped.
  /// Throws `Failure` key_encrypted, key_invalid or certificate_invalid.
  ClientKey(const std::string& path, std::string text, const std::string& certificate_path,
            const std::string& certificate);

  [[nodiscard]] ssh_key handle() const noexcept { return key_.get(); }
  /// `ED25519 SHA256:…` of the public half, to be compared with the far side's authorized_keys.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The public half; nothing for types that no `authorized_keys` line of ours is written for.
  [[nodiscard]] std::optional<trust::HostKey> public_key() const;

 private:
  void add_certificate(const std::string& path, const std::string& text);

  KeyHandle key_;
  std::string name_;
};

}  // namespace sshsm::ssh
