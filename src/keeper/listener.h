#pragma once

#include "base/descriptor.h"
#include "base/failure.h"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::keeper {

/// What is spoken on a listener.
enum class Kind {
  smtp,
  lmtp,
  meeting,  ///< SMTP with `sshsm`, which finds it by its place
  status,   ///< one JSON object to whoever connects
};

[[nodiscard]] std::string_view name_of(Kind kind) noexcept;

/// Where to listen: a Unix path, or else a loopback address.
struct ListenAddress {
  Kind kind = Kind::smtp;
  std::string path;  ///< empty: TCP
  std::string host;  ///< numeric, without brackets
  std::uint16_t port = 0;
};

/// A value of `listen`, whose form the config room has checked: smtp: (the default) or lmtp: before
/// a path or `HOST:PORT`. `localhost` is 127.0.0.1.
[[nodiscard]] ListenAddress parse_listen_address(std::string_view value);

/// `smtp:/run/friend`, `lmtp:[::1]:24`
[[nodiscard]] std::string text_of(const ListenAddress& address);

/// A socket that takes clients, and does not block.
struct Listener {
  base::Descriptor descriptor;
  Kind kind = Kind::smtp;
  bool is_inherited = false;  ///< from the supervisor, who also unlinks it
  std::string path;           ///< of a Unix socket; empty: TCP
};

/// What is done about a socket that lies at the path already.
enum class Remains {
  replaced_if_dead,  ///< the caller holds the lock of the destination's keeper
  kept,
};

/// Listens there. A Unix socket gets mode 0660 and `group`; it replaces only a socket on which
/// nobody listens, and never a file of another kind. TCP is on loopback alone, whatever the
/// configuration says. Throws `Failure` listen_refused.
[[nodiscard]] Listener listen_at(const ListenAddress& address, Remains remains, gid_t group);

/// A descriptor that the supervisor opened, as `listen_at` would have made it. Throws `Failure`
/// listen_refused where it is no listening stream socket, or a TCP one elsewhere than on loopback.
[[nodiscard]] Listener adopt(base::Descriptor descriptor, Kind kind);

/// Who may connect to Unix sockets. Loopback TCP is for everybody on this machine.
class AllowedUsers {
 public:
  /// Root and the mail user, and on listeners but the meeting socket `names` besides. Throws
  /// `Failure` configuration_invalid where there is no such user.
  AllowedUsers(uid_t mail_user, const std::vector<std::string>& names);

  [[nodiscard]] bool has(Kind kind, uid_t user) const noexcept;
  /// Root and the mail user.
  [[nodiscard]] bool has_at_meeting(uid_t user) const noexcept { return has(Kind::meeting, user); }

 private:
  uid_t mail_user_;
  std::vector<uid_t> others_;
};

/// Somebody who has connected.
struct Arrival {
  base::Descriptor socket;                 ///< does not block; none where nobody was taken
  std::optional<uid_t> user{};             ///< at the other end of a Unix socket
  std::optional<base::Failure> refusal{};  ///< why he is to be turned away
};

/// Takes the next client, if there is one.
[[nodiscard]] Arrival accept_client(const Listener& listener, const AllowedUsers& users);

/// Tells him why, as a greeting, where something is spoken there, and hangs up.
void turn_away(base::Descriptor socket, Kind kind, const base::Failure& refusal,
               const std::string& destination);

}  // namespace sshsm::keeper
