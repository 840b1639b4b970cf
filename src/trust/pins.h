#pragma once

#include "trust/host_key.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::trust {

struct KnownHostsLine;

struct KnownHostsFile {
  std::string path;  ///< for remarks only; nothing is opened here
  std::string text;
};

/// Whose key is looked for. A name is an identity, an address never is.
struct Subject {
  std::string host;
  std::uint16_t port = 22;
  std::string alias;  ///< host-key-alias: looked up instead of the host, without the port
};

/// The keys that may prove one host, from known_hosts files (OpenSSH's format and meaning,
/// sshd(8) SSH_KNOWN_HOSTS FILE FORMAT) and from `host-key` settings together. Never accepts what
/// ssh refuses with the same files; where it is stricter, it says so in a remark.
class Pins {
 public:
  enum class Verdict {
    pinned,         ///< this is the host
    revoked,        ///< a @revoked line names the key; beats pinned
    changed,        ///< another key of its type is pinned
    type_unpinned,  ///< no key of its type is pinned
  };

  /// The most keys that are kept for one host under one name, and the most revoked ones. More is an
  /// error, since to drop a revoked one would accept it.
  static constexpr std::size_t max_keys = 1000;
  /// Later remarks are only counted.
  static constexpr std::size_t max_remarks = 50;

  /// `host_keys` are `TYPE BASE64`. Throws `Failure` configuration_invalid where one of them is no
  /// key that can be pinned (`read_pin`), or where there are more than `max_keys`.
  Pins(const Subject& subject, std::span<const KnownHostsFile> files,
       std::span<const std::string> host_keys);

  /// True where no key is pinned that is not revoked: do not even dial.
  [[nodiscard]] bool empty() const noexcept { return pinned_.empty(); }
  /// The types of the pinned keys that are not revoked, each once: exactly what to offer in the
  /// handshake (`ssh-rsa` there as rsa-sha2-512,rsa-sha2-256).
  [[nodiscard]] std::vector<std::string> types() const;
  /// `offered.type` is the type of the key, not of its signature: `ssh-rsa` and never
  /// `rsa-sha2-512`.
  [[nodiscard]] Verdict judge(const HostKey& offered) const;
  /// The pinned keys that are not revoked, and the revoked ones, pinned or not.
  [[nodiscard]] const std::vector<HostKey>& keys() const noexcept { return pinned_; }
  [[nodiscard]] const std::vector<HostKey>& revoked_keys() const noexcept { return revoked_; }
  /// `ED25519 SHA256:…, RSA SHA256:…`
  [[nodiscard]] std::string summary() const;
  /// The pins that a @revoked line took away, as in `summary`.
  [[nodiscard]] const std::string& revoked_pins() const noexcept { return revoked_pins_; }
  /// Lines that matched the host and were passed over, and why; for -v.
  [[nodiscard]] const std::vector<std::string>& remarks() const noexcept { return remarks_; }

 private:
  void read_file(const KnownHostsFile& file);
  void take_line(const KnownHostsFile& file, const KnownHostsLine& line);
  void take_pin(const KnownHostsFile& file, const KnownHostsLine& line, bool is_full_name);
  void take_revocation(const KnownHostsFile& file, const KnownHostsLine& line);
  void take_setting(const std::string& setting);
  void settle_names();
  void drop_revoked();
  void close_remarks();
  void remark(std::string text);
  void remark(const KnownHostsFile& file, const KnownHostsLine& line, std::string_view text);

  std::string full_name_;       ///< `[host]:port`, or the name where there is no more to it
  std::string bare_name_;       ///< the host alone where it differs, or empty
  std::string full_name_line_;  ///< the first unmarked line that names `full_name_`
  std::vector<HostKey> pinned_;
  std::vector<HostKey> pinned_bare_;  ///< under `bare_name_`, until it is known whether they count
  std::string revoked_pins_;
  std::vector<HostKey> revoked_;
  std::vector<std::string> remarks_;
  std::size_t remarks_left_out_ = 0;
};

}  // namespace sshsm::trust
