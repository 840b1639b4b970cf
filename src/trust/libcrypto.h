#pragma once

namespace sshsm::trust {

/// Before libcrypto's first use, and before the sandbox, which would refuse what it does then: it
/// reads the administrator's configuration. It keeps no texts of its errors, which nobody here
/// prints: they would be a twentieth of a delivery's CPU time and 0.2 MB of its memory. A
/// configuration that it cannot use is found out at the use (OPENSSL_init_crypto(3)).
void prepare_libcrypto() noexcept;

}  // namespace sshsm::trust
