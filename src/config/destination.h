#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::config {

enum class AddressFamily { any, inet, inet6 };

/// The most hosts of one friend: each may take its connect-timeout, and all of them share the
/// 4 min 30 s to the greeting.
inline constexpr std::size_t max_hosts = 16;

/// The most words of a proxy-command, the program's among them.
inline constexpr std::size_t max_proxy_words = 64;

/// Where the remote host itself finds its mail server.
struct SmtpAddress {
  std::string host;  ///< without brackets; OpenSSH compares it with permitopen= octet for octet
  std::uint16_t port = 0;
  std::string text;  ///< `HOST:PORT` as it is configured
};

/// Everything that is known of one friend: DEST.conf over sshsm.conf over the defaults.
/// Paths are absolute. Durations are whole seconds.
struct Destination {
  std::string name;
  std::string user;
  std::vector<std::string> hosts;  ///< 1 to `max_hosts`, in the order in which to try them
  std::uint16_t port = 22;
  std::string identity_file;
  std::string certificate_file;  ///< empty: none
  std::vector<std::string> known_hosts_files;
  bool known_hosts_is_default = true;  ///< the file may be missing where `host_keys` has pins
  std::vector<std::string> host_keys;  ///< `TYPE BASE64`
  std::string host_key_alias;
  std::string command;
  std::optional<SmtpAddress> smtp_address;  ///< instead of `command`
  AddressFamily address_family = AddressFamily::any;
  std::string bind_address;
  /// Connects instead of us: an absolute path and arguments, `%h`, `%p` and `%%` not yet expanded.
  std::vector<std::string> proxy_command;
  std::chrono::seconds connect_timeout{};
  std::chrono::seconds greeting_timeout{};
  std::chrono::seconds timeout{};
  std::chrono::seconds dot_timeout{};
  std::chrono::seconds batch_timeout{};
  std::chrono::seconds idle_timeout{};
  std::chrono::seconds server_alive_interval{};  ///< 0: no keepalives
  unsigned server_alive_count_max = 0;
  unsigned messages_per_session = 0;
  std::string ciphers;
  std::string macs;
  std::string kex_algorithms;
  std::string helo;  ///< empty where it is not set: the host's name then
  // The keeper's.
  std::vector<std::string> listeners;  ///< as they are configured; their form is checked
  std::vector<std::string> allowed_users;
  std::string metrics_file;  ///< empty: none
  std::chrono::seconds wait_timeout{};
  std::chrono::seconds linger{};
  std::chrono::seconds linger_jitter{};
  bool is_persistent = false;
  unsigned max_sessions = 0;
  unsigned max_connections = 0;
};

/// One configuration file as it was read. Nothing is opened in this room.
struct ConfigText {
  std::string path;  ///< for `file:line: sentence`
  std::string text;
};

/// True for `[A-Za-z0-9][A-Za-z0-9._-]{0,63}` without `..` and not the reserved `sshsm`. DEST comes
/// from the mail server and so from strangers: check it before it touches a path.
[[nodiscard]] bool is_destination_name(std::string_view name) noexcept;

/// DEST.conf over sshsm.conf (empty optional: there is none) over the defaults of the key table.
/// `directory` is where relative file names and default files lie. Throws `Failure`
/// configuration_invalid with `file:line: sentence` (also where both `command` and `smtp-address`
/// are set). `is_foreign_caller`: proxy-command is refused for him.
[[nodiscard]] Destination read_destination(std::string_view name, std::string_view directory,
                                           const ConfigText& own,
                                           const std::optional<ConfigText>& defaults,
                                           bool is_foreign_caller);

/// `run-as` from sshsm.conf, if it is set there. Throws like `read_destination`.
[[nodiscard]] std::optional<std::string> read_run_as(const ConfigText& defaults);

}  // namespace sshsm::config
