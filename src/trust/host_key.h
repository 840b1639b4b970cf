#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::trust {

/// A public key as SSH writes it (RFC 4253 6.6).
struct HostKey {
  std::string type;  ///< `ssh-ed25519`
  std::string blob;  ///< the raw bytes, not base64

  [[nodiscard]] bool operator==(const HostKey&) const = default;
};

/// ssh's RequiredRSASize: a shorter modulus can be factored.
inline constexpr std::size_t min_rsa_bits = 1024;
/// What OpenSSH reads at most, so that no larger key is accepted here either.
inline constexpr std::size_t max_rsa_bits = 16384;

/// `SHA256:` and the hash in base64 without padding, as ssh-keygen -l prints it.
[[nodiscard]] std::string fingerprint(std::string_view blob);
/// `ED25519 SHA256:…`, as people read keys to one another.
[[nodiscard]] std::string name_of(const HostKey& key);

/// The types that can be pinned, best first.
[[nodiscard]] std::vector<std::string> all_host_key_types();

/// True for the types that can be pinned: ssh-ed25519, the three of ecdsa-sha2 and ssh-rsa.
[[nodiscard]] bool is_host_key_type(std::string_view type) noexcept;

/// The key that a blob stands for, in its one shortest spelling, or nothing where it is none of our
/// types or not whole (RFC 4253 6.6, RFC 5656 3.1, RFC 8709 4): a missing or left-over byte, a
/// point that is not uncompressed, a modulus of the wrong length. Spellings that OpenSSH reads as
/// the same key give the same key, so that a revoked one cannot come back in another spelling.
[[nodiscard]] std::optional<HostKey> read_blob(std::string_view blob);

/// A key to be trusted, from the two words of a line or setting; nothing unless the base64 is
/// strict, the blob whole and in its shortest spelling, and its type the one that stands before it.
[[nodiscard]] std::optional<HostKey> read_pin(std::string_view type, std::string_view base64);

/// A key to be refused, from the base64 of a @revoked line, read as forgivingly as any ssh does (or
/// more so): the type before it is not looked at and white space inside it is left out.
[[nodiscard]] std::optional<HostKey> read_revocation(std::string_view base64);

}  // namespace sshsm::trust
