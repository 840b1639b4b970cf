#pragma once

#include "config/destination.h"
#include "trust/host_key.h"
#include "trust/pins.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::admin {

/// The characters of a whole SHA256 fingerprint behind `SHA256:`, and how many of them are enough
/// where somebody types what a friend reads out: 96 bits, which nobody finds a second key for.
inline constexpr std::size_t whole_fingerprint = 43;
inline constexpr std::size_t min_fingerprint = 16;

/// What stands behind `SHA256:` in a fingerprint as people tell it: with or without that word, in
/// groups or in one, or inside a whole line of `ssh-keygen -l`. Nothing where fewer than
/// `min_fingerprint` characters are left, more than a whole one, or others than base64's.
[[nodiscard]] std::optional<std::string> read_fingerprint(std::string_view told);

/// True where the key's fingerprint begins with what `read_fingerprint` gave.
[[nodiscard]] bool has_fingerprint(const trust::HostKey& key, std::string_view told);

/// A file with host keys that somebody brought from the friend.
struct HostKeyFile {
  trust::KnownHostsFile known_hosts;   ///< the file; its other lines mean nothing there
  std::vector<std::string> bare_keys;  ///< `TYPE BASE64` of each line of a `.pub` file
};

/// Takes the lines of a `.pub` file out of the text; the others are read as known_hosts lines. A
/// file may have both. A line whose key type cannot be pinned is passed over, as ssh does.
[[nodiscard]] HostKeyFile parse_host_key_file(const std::string& path, std::string text);

/// Reads the file as whoever runs this may, root or not, since he named it himself. Throws
/// `Refusal` where it is no regular file, everybody may write it, or it is larger than 1 MiB.
[[nodiscard]] HostKeyFile read_host_key_file(const std::string& path);

/// What was said of the host's keys before any of them was shown: the one thing that lets a key be
/// pinned.
struct Evidence {
  std::vector<std::string> fingerprints;  ///< whole ones, what is behind `SHA256:`
  std::optional<HostKeyFile> file;

  [[nodiscard]] bool is_empty() const { return fingerprints.empty() && !file; }
};

/// From the values of --fingerprint and --host-key-file. Throws `Refusal` where a fingerprint is
/// not whole: there is room for all of it, and a script has no excuse.
[[nodiscard]] Evidence read_evidence(std::span<const std::string> fingerprints,
                                     const std::string& host_key_file);

/// The keys that the file gives for this host; none without a file.
[[nodiscard]] std::vector<trust::HostKey> keys_in_file(const Evidence& evidence,
                                                       const config::Destination& destination,
                                                       std::size_t host_index);

/// True where the key has one of the fingerprints or the file gives it for the host, and the file
/// does not revoke it for the host.
[[nodiscard]] bool confirms(const Evidence& evidence, const config::Destination& destination,
                            std::size_t host_index, const trust::HostKey& key);

}  // namespace sshsm::admin
