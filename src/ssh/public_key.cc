#include "ssh/public_key.h"

#include "trust/base64.h"

#include <string>

namespace sshsm::ssh {

std::optional<trust::HostKey> public_half_of(ssh_key key) {
  char* base64 = nullptr;
  if (ssh_pki_export_pubkey_base64(key, &base64) != SSH_OK) return std::nullopt;
  const StringHandle owned(base64);
  const std::optional<std::string> blob = trust::decode_base64(base64);
  return blob ? trust::read_blob(*blob) : std::nullopt;
}

}  // namespace sshsm::ssh
