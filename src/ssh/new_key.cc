#include "ssh/new_key.h"

#include "base/failure.h"
#include "ssh/handles.h"
#include "ssh/public_key.h"

#include <string.h>

#include <optional>

namespace sshsm::ssh {

using base::Cause;
using base::Failure;

NewKey::~NewKey() {
  explicit_bzero(private_text.data(), private_text.size());
}

NewKey make_key() {
  ssh_key key = nullptr;
  const int made = ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key);
  const KeyHandle owned(key);
  char* text = nullptr;
  if (made != SSH_OK ||
      ssh_pki_export_privkey_base64(key, nullptr, nullptr, nullptr, &text) != SSH_OK)
    throw Failure(Cause::resources_exhausted, "cannot make a key");
  const StringHandle owned_text(text);
  const std::optional<trust::HostKey> half = public_half_of(key);
  if (!half) throw Failure(Cause::internal_error, "the key that was made has no public half");
  NewKey result;
  result.private_text = text;
  result.public_key = *half;
  explicit_bzero(text, result.private_text.size());
  return result;
}

}  // namespace sshsm::ssh
