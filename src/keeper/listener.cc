#include "keeper/listener.h"

#include "base/text.h"
#include "base/unix_socket.h"
#include "keeper/socket_place.h"
#include "privilege/account.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace sshsm::keeper {
namespace {

using base::Cause;
using base::concat;
using base::Descriptor;
using base::Failure;

constexpr mode_t all_but_user_and_group = S_IXUSR | S_IXGRP | S_IRWXO;
/// Clients who wait to be accepted; a queue run comes all at once.
constexpr int backlog = 512;

[[noreturn]] void refuse(const ListenAddress& address, std::string_view why) {
  throw Failure(Cause::listen_refused, concat({text_of(address), ": ", why}));
}

/// What a socket file gets when it is made: mode 0660, and a group. Nothing is changed by its name
/// afterwards, when another file may be lying there.
class FileManner {
 public:
  explicit FileManner(gid_t group)
      : mask_(umask(all_but_user_and_group)), group_(static_cast<gid_t>(setfsgid(group))) {}
  FileManner(const FileManner&) = delete;
  FileManner& operator=(const FileManner&) = delete;
  ~FileManner() {
    setfsgid(group_);
    umask(mask_);
  }

 private:
  mode_t mask_;
  gid_t group_;
};

int bind_error(int socket, const ListenAddress& address, gid_t group) {
  const base::SocketAddress name(address.path);
  const FileManner manner(group);
  return bind(socket, name.get(), name.size()) == 0 ? 0 : errno;
}

void remove_dead_socket(const ListenAddress& address) {
  const SocketPlace place(address.path);
  if (!place.has_socket()) refuse(address, "a file that is no socket lies there");
  if (!place.is_dead()) refuse(address, "somebody listens there already");
  if (!place.remove()) refuse(address, base::system_error_text(errno));
}

void bind_to_path(int socket, const ListenAddress& address, Remains remains, gid_t group) {
  if (address.path.size() > base::max_socket_path)
    refuse(address,
           concat({"the path has more than ", std::to_string(base::max_socket_path), " octets"}));
  int error = bind_error(socket, address, group);
  if (error == EADDRINUSE && remains == Remains::replaced_if_dead) {
    remove_dead_socket(address);
    error = bind_error(socket, address, group);
  }
  if (error != 0) refuse(address, base::system_error_text(error));
}

void check_bound(const ListenAddress& address, int result) {
  if (result == 0) return;
  const int error = errno;
  const std::string why = base::system_error_text(error);
  if (error != EACCES || !address.path.empty()) refuse(address, why);
  refuse(address, concat({why,
                          ", for low ports are root's: let root start sshsmd, or systemd make "
                          "the socket"}));
}

Descriptor bind_to_loopback(const ListenAddress& address) {
  sockaddr_in in{};
  sockaddr_in6 in6{};
  const bool is_in = inet_pton(AF_INET, address.host.c_str(), &in.sin_addr) == 1;
  const bool is_in6 = inet_pton(AF_INET6, address.host.c_str(), &in6.sin6_addr) == 1;
  const bool is_loopback = is_in ? ntohl(in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET
                                 : is_in6 && IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
  if (!is_loopback) refuse(address, "not a loopback address");
  in.sin_family = AF_INET;
  in.sin_port = htons(address.port);
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(address.port);
  Descriptor socket(
      ::socket(is_in ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The connections of a keeper that ended a moment ago must not keep the next one away.
  const int on = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  check_bound(address,
              is_in ? bind(socket.get(), reinterpret_cast<const sockaddr*>(&in), sizeof in)
                    : bind(socket.get(), reinterpret_cast<const sockaddr*>(&in6), sizeof in6));
  return socket;
}

/// A number of getsockopt(2), or -1.
int option_of(int socket, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(socket, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

bool is_on_loopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET)
    return ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr) >> 24 ==
           IN_LOOPBACKNET;
  const auto& in6 = reinterpret_cast<const sockaddr_in6&>(address);
  return address.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
}

std::string user_text(uid_t user) {
  return concat({"uid ", std::to_string(user)});
}

}  // namespace

std::string_view name_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::smtp:
      return "smtp";
    case Kind::lmtp:
      return "lmtp";
    case Kind::meeting:
      return "meeting";
    case Kind::status:
      return "status";
  }
  return "unknown";
}

ListenAddress parse_listen_address(std::string_view value) {
  ListenAddress address;
  for (const Kind kind : {Kind::smtp, Kind::lmtp}) {
    const std::string prefix = concat({name_of(kind), ":"});
    if (!value.starts_with(prefix)) continue;
    address.kind = kind;
    value.remove_prefix(prefix.size());
    break;
  }
  if (value.starts_with('/')) {
    address.path = value;
    return address;
  }
  const std::size_t colon = value.rfind(':');
  std::string_view host = value.substr(0, std::min(colon, value.size()));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  address.host = host == "localhost" ? "127.0.0.1" : host;
  if (colon != std::string_view::npos)
    address.port =
        static_cast<std::uint16_t>(base::parse_number(value.substr(colon + 1), 65535).value_or(0));
  return address;
}

std::string text_of(const ListenAddress& address) {
  if (!address.path.empty()) return concat({name_of(address.kind), ":", address.path});
  const bool is_in6 = address.host.find(':') != std::string::npos;
  return concat({name_of(address.kind), ":", is_in6 ? "[" : "", address.host, is_in6 ? "]:" : ":",
                 std::to_string(address.port)});
}

Listener listen_at(const ListenAddress& address, Remains remains, gid_t group) {
  Listener listener{{}, address.kind, false, address.path};
  if (address.path.empty()) {
    listener.descriptor = bind_to_loopback(address);
  } else {
    listener.descriptor.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    bind_to_path(listener.descriptor.get(), address, remains, group);
  }
  check_bound(address, listen(listener.descriptor.get(), backlog));
  return listener;
}

Listener adopt(Descriptor descriptor, Kind kind) {
  const int number = descriptor.get();
  const auto refuse_it = [number, kind](std::string_view why) {
    throw Failure(Cause::listen_refused,
                  concat({"descriptor ", std::to_string(number), " (", name_of(kind), "): ", why}));
  };
  if (option_of(number, SO_TYPE) != SOCK_STREAM || option_of(number, SO_ACCEPTCONN) != 1)
    refuse_it("not a stream socket that listens (ListenStream=, and no Accept=yes)");
  Listener listener{std::move(descriptor), kind, true, {}};
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(number, reinterpret_cast<sockaddr*>(&address), &size);
  if (address.ss_family == AF_UNIX)
    listener.path = reinterpret_cast<const sockaddr_un&>(address).sun_path;
  else if (kind == Kind::meeting || !is_on_loopback(address))
    refuse_it("not a Unix socket or one on loopback");
  fcntl(number, F_SETFD, FD_CLOEXEC);
  fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK);
  return listener;
}

AllowedUsers::AllowedUsers(uid_t mail_user, const std::vector<std::string>& names)
    : mail_user_(mail_user) {
  for (const std::string& name : names) {
    const auto account = privilege::find_account(name);
    if (!account)
      throw Failure(Cause::configuration_invalid,
                    concat({"allow-users: there is no user ", base::quoted(name, 64)}));
    others_.push_back(account->user);
  }
}

bool AllowedUsers::has(Kind kind, uid_t user) const noexcept {
  if (user == 0 || user == mail_user_) return true;
  return kind != Kind::meeting && std::find(others_.begin(), others_.end(), user) != others_.end();
}

Arrival accept_client(const Listener& listener, const AllowedUsers& users) {
  Arrival arrival;
  arrival.socket.reset(
      accept4(listener.descriptor.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!arrival.socket) return arrival;
  arrival.user = base::user_at_other_end(arrival.socket.get());
  if (arrival.user && !users.has(listener.kind, *arrival.user))
    arrival.refusal.emplace(Cause::user_not_allowed, user_text(*arrival.user));
  return arrival;
}

void turn_away(Descriptor socket, Kind kind, const Failure& refusal,
               const std::string& destination) {
  if (kind == Kind::status) return;
  const std::string line = concat({"421 ", base::describe(refusal, destination, {}), "\r\n"});
  // A new socket has room for it; who reads it is told, and nobody is waited for.
  send(socket.get(), line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace sshsm::keeper
