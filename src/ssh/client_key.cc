#include "ssh/client_key.h"

#include "base/failure.h"
#include "base/text.h"
#include "ssh/public_key.h"

#include <string.h>

#include <utility>
#include <vector>

namespace sshsm::ssh {
namespace {

using base::Cause;
using base::Failure;

/// libssh asks for a passphrase only where one is needed. Nobody is there to type it: the question
/// is the answer.
int note_that_a_passphrase_is_asked_for(const char*, char*, std::size_t, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

std::string public_name_of(ssh_key key) {
  const std::optional<trust::HostKey> half = public_half_of(key);
  return half ? trust::name_of(*half) : "of an unknown type";
}

}  // namespace

ClientKey::ClientKey(const std::string& path, std::string text, const std::string& certificate_path,
                     const std::string& certificate) {
  bool is_passphrase_asked_for = false;
  ssh_key key = nullptr;
  const int result = ssh_pki_import_privkey_base64(
      text.c_str(), nullptr, note_that_a_passphrase_is_asked_for, &is_passphrase_asked_for, &key);
  explicit_bzero(text.data(), text.size());
  key_.reset(key);
  if (is_passphrase_asked_for) throw Failure(Cause::key_encrypted, path);
  if (result != SSH_OK) throw Failure(Cause::key_invalid, path);
  name_ = public_name_of(key);
  if (!certificate_path.empty()) add_certificate(certificate_path, certificate);
}

std::optional<trust::HostKey> ClientKey::public_key() const {
  return public_half_of(key_.get());
}

void ClientKey::add_certificate(const std::string& path, const std::string& text) {
  const std::vector<std::string> words = base::words_of(text.substr(0, text.find('\n')));
  if (words.size() < 2) throw Failure(Cause::certificate_invalid, path);
  ssh_key certificate = nullptr;
  const int result = ssh_pki_import_cert_base64(
      words[1].c_str(), ssh_key_type_from_name(words[0].c_str()), &certificate);
  const KeyHandle owned(certificate);
  if (result != SSH_OK || ssh_pki_copy_cert_to_privkey(certificate, key_.get()) != SSH_OK)
    throw Failure(Cause::certificate_invalid, path);
}

}  // namespace sshsm::ssh
