#include "trust/libcrypto.h"

#include <openssl/crypto.h>

namespace sshsm::trust {

void prepare_libcrypto() noexcept {
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_LOAD_CONFIG, nullptr);
}

}  // namespace sshsm::trust
