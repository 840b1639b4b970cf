#include "ssh/session.h"

#include "base/failure.h"
#include "base/text.h"
#include "ssh/kex_listener.h"
#include "ssh/public_key.h"

#include <fcntl.h>
#include <libssh/server.h>  // ssh_set_message_callback, ssh_send_keepalive: they serve clients too
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace sshsm::ssh {
namespace {

using base::Cause;
using base::Failure;

/// RSA keys sign in three ways; the first of 1995, with SHA-1, is not one of ours.
std::string signature_algorithms(const std::vector<std::string>& key_types) {
  std::string list;
  for (const std::string& type : key_types) {
    if (!list.empty()) list += ',';
    list += type == "ssh-rsa" ? "rsa-sha2-512,rsa-sha2-256" : type;
  }
  return list;
}

/// A proxy-command gives a Unix socket.
bool is_tcp_socket(int socket) noexcept {
  int domain = AF_UNSPEC;
  socklen_t size = sizeof domain;
  return getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain != AF_UNIX;
}

void set_socket_option(int socket, int level, int name, int value) noexcept {
  // Only speed and earlier detection depend on these.
  setsockopt(socket, level, name, &value, sizeof value);
}

/// A dead line is noticed by the kernel, too: nothing acknowledged for two minutes ends it.
constexpr int max_unacknowledged_milliseconds = 120'000;

void tune(int socket) {
  set_socket_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_socket_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_socket_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, max_unacknowledged_milliseconds);
}

/// libssh tells its reasons only in words.
Cause cause_of_failed_handshake(std::string_view libssh_error) {
  if (libssh_error.find("no match for method server host key algo") != std::string_view::npos)
    return Cause::host_key_type_unpinned;
  if (libssh_error.starts_with("Socket error")) return Cause::connection_lost;
  return Cause::handshake_failed;
}

void set_option(ssh_session session, ssh_options_e option, const void* value, const char* what) {
  if (ssh_options_set(session, option, value) != SSH_OK)
    throw Failure(Cause::configuration_invalid, what, ssh_get_error(session));
}

void set_algorithms(ssh_session session, const config::Destination& destination) {
  set_option(session, SSH_OPTIONS_CIPHERS_C_S, destination.ciphers.c_str(), "ciphers");
  set_option(session, SSH_OPTIONS_CIPHERS_S_C, destination.ciphers.c_str(), "ciphers");
  set_option(session, SSH_OPTIONS_HMAC_C_S, destination.macs.c_str(), "macs");
  set_option(session, SSH_OPTIONS_HMAC_S_C, destination.macs.c_str(), "macs");
  set_option(session, SSH_OPTIONS_KEY_EXCHANGE, destination.kex_algorithms.c_str(),
             "kex-algorithms");
}

}  // namespace

void require_known_algorithms(const config::Destination& destination) {
  const SessionHandle session(ssh_new());
  if (!session) throw Failure(Cause::resources_exhausted, "no memory for an SSH session");
  set_algorithms(session.get(), destination);
}

Session::Session(base::Descriptor connection, const config::Destination& destination,
                 const std::vector<std::string>& key_types)
    : descriptor_(connection.get()),
      is_tcp_(is_tcp_socket(descriptor_)),
      alive_interval_(destination.server_alive_interval),
      alive_count_max_(destination.server_alive_count_max),
      handle_(ssh_new()),
      event_(ssh_event_new()) {
  if (!handle_ || !event_)
    throw Failure(Cause::resources_exhausted, "no memory for an SSH session");
  if (is_tcp_) tune(descriptor_);
  set_private_options(destination);
  set_option(handle_.get(), SSH_OPTIONS_HOSTKEYS, signature_algorithms(key_types).c_str(),
             "host key types");
  set_algorithms(handle_.get(), destination);
  set_option(handle_.get(), SSH_OPTIONS_FD, &descriptor_, "descriptor");
  socket_.lend(std::move(connection));
  ssh_set_blocking(handle_.get(), 0);
  // Without it libssh keeps whatever the host asks of us (channels, forwardings) in a list for us
  // to read, without a limit. 1: refuse and forget.
  ssh_set_message_callback(
      handle_.get(), [](ssh_session, ssh_message, void*) { return 1; }, nullptr);
  ssh_set_counters(handle_.get(), nullptr, &counter_);
}

void Session::set_private_options(const config::Destination& destination) {
  ssh_session handle = handle_.get();
  // First of all, or libssh reads ~/.ssh/config and runs what ProxyCommand says there.
  const bool process_config = false;
  const int strict = 1;
  set_option(handle, SSH_OPTIONS_PROCESS_CONFIG, &process_config, "process-config");
  set_option(handle, SSH_OPTIONS_SSH_DIR, "/nonexistent", "ssh-dir");
  // Never used to connect or to look up a key; libssh refuses some names that DNS has.
  set_option(handle, SSH_OPTIONS_HOST, "destination", "host");
  set_option(handle, SSH_OPTIONS_USER, destination.user.c_str(), "user");
  set_option(handle, SSH_OPTIONS_KNOWNHOSTS, "/dev/null", "known-hosts");
  set_option(handle, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null", "known-hosts");
  set_option(handle, SSH_OPTIONS_STRICTHOSTKEYCHECK, &strict, "strict");
}

void Session::shake_hands(base::Deadline deadline, base::Waiter& waiter) {
  const KexListener listener;
  const int result =
      repeat([this] { return ssh_connect(handle_.get()); }, "the SSH handshake", deadline, waiter);
  if (result != SSH_OK) {
    const std::string error =
        listener.reason().empty() ? ssh_get_error(handle_.get()) : listener.reason();
    // For some ends of the connection libssh has but the words of an errno that nothing has set.
    if (error == "Success") throw Failure(Cause::connection_lost, "in the SSH handshake");
    throw Failure(cause_of_failed_handshake(error), "in the SSH handshake", error);
  }
  // libssh made the socket blocking; a peer who stops reading would hang us in send(2) for ever.
  fcntl(descriptor_, F_SETFL, O_NONBLOCK);
}

std::string Session::summary() const {
  const auto text = [](const char* words) { return words == nullptr ? "?" : words; };
  return base::concat({text(ssh_get_serverbanner(handle_.get())), ", ",
                       text(ssh_get_kex_algo(handle_.get())), ", ",
                       text(ssh_get_cipher_out(handle_.get()))});
}

trust::HostKey Session::host_key() {
  ssh_key key = nullptr;
  if (ssh_get_server_publickey(handle_.get(), &key) != SSH_OK)
    throw Failure(Cause::handshake_failed, "no host key");
  const KeyHandle owned_key(key);
  const std::optional<trust::HostKey> offered = public_half_of(key);
  if (!offered) throw Failure(Cause::handshake_failed, "no usable host key");
  return *offered;
}

std::string Session::check_host_key(const trust::Pins& pins) {
  const trust::HostKey offered = host_key();
  std::string name = trust::name_of(offered);
  const std::string comparison = base::concat({"offered ", name, ", pinned ", pins.summary()});
  switch (pins.judge(offered)) {
    case trust::Pins::Verdict::pinned:
      return name;
    case trust::Pins::Verdict::revoked:
      throw Failure(Cause::host_key_revoked, name);
    case trust::Pins::Verdict::changed:
      throw Failure(Cause::host_key_changed, comparison);
    case trust::Pins::Verdict::type_unpinned:
      throw Failure(Cause::host_key_type_unpinned, comparison);
  }
  throw Failure(Cause::internal_error, "a verdict without a name");
}

void Session::log_in(const std::string& user, const ClientKey& key, base::Deadline deadline,
                     base::Waiter& waiter) {
  // Asked for by itself, because with an RSA key libssh 0.10 chooses the signature before it has
  // read which ones the server takes, and then denies itself without asking him.
  const int service = repeat([this] { return ssh_service_request(handle_.get(), "ssh-userauth"); },
                             "the login", deadline, waiter);
  if (service != SSH_OK) fail(Cause::handshake_failed, "no login service");
  const int login = repeat(
      [&] {
        const int result = ssh_userauth_publickey(handle_.get(), nullptr, key.handle());
        return result == SSH_AUTH_AGAIN ? SSH_AGAIN : result;
      },
      "the login", deadline, waiter);
  if (login == SSH_AUTH_SUCCESS) return begin_service();
  const std::string what = base::concat({"user ", user, ", key ", key.name()});
  if (login == SSH_AUTH_PARTIAL)
    throw Failure(Cause::login_refused, what + ", and it asks for more than a key");
  fail(Cause::login_refused, what);
}

void Session::begin_service() {
  if (ssh_event_add_session(event_.get(), handle_.get()) != SSH_OK)
    throw Failure(Cause::resources_exhausted, "no memory for an SSH session");
  last_sign_of_life_ = base::Clock::now();
}

void Session::progress() noexcept {
  if (ssh_event_dopoll(event_.get(), 0) == SSH_ERROR) is_broken_ = true;
  acknowledge_quickly();
}

base::Deadline Session::next_check() const {
  if (alive_interval_.count() == 0) return base::Deadline::never();
  return base::Deadline(last_sign_of_life_ + alive_interval_ * (unanswered_ + 1));
}

void Session::check_alive() {
  if (is_broken_ || is_lost()) fail(Cause::connection_lost, {});
  if (counter_.in_packets != packets_seen_) {
    packets_seen_ = counter_.in_packets;
    last_sign_of_life_ = base::Clock::now();
    unanswered_ = 0;
    note_round_trip(last_sign_of_life_);
    return;
  }
  if (!next_check().passed()) return;
  if (unanswered_ >= alive_count_max_)
    throw Failure(Cause::connection_lost,
                  base::concat({"no answer to ", std::to_string(unanswered_), " keepalives"}));
  ask_for_sign_of_life();
  // Where we stood still for a while, the host has as long to answer as ever.
  last_sign_of_life_ =
      std::max(last_sign_of_life_, base::Clock::now() - alive_interval_ * (unanswered_ + 1));
  ++unanswered_;
}

void Session::note_round_trip(base::Clock::time_point now) {
  if (!asked_at_) return;
  round_trip_ = std::chrono::duration_cast<std::chrono::microseconds>(now - *asked_at_);
  asked_at_.reset();
}

/// Twice, because on a non-blocking session a call behind an answer only collects it and asks
/// nothing; a call while the question is open does nothing. Both return at once.
void Session::ask_for_sign_of_life() {
  if (!asked_at_) asked_at_ = base::Clock::now();
  ssh_send_keepalive(handle_.get());
  ssh_send_keepalive(handle_.get());
}

int Session::repeat(const std::function<int()>& step, const char* what, base::Deadline deadline,
                    base::Waiter& waiter) {
  for (;;) {
    const int result = step();
    acknowledge_quickly();
    if (result != SSH_AGAIN) return result;
    // A host that floods us is always ready: that must not keep the deadline off.
    if (waiter.wait(descriptor_, interest(), deadline) == 0 || deadline.passed())
      throw Failure(Cause::answer_timed_out, what);
  }
}

short Session::interest() const noexcept {
  const bool is_write_pending = (ssh_get_poll_flags(handle_.get()) & SSH_WRITE_PENDING) != 0;
  return static_cast<short>(is_write_pending ? POLLIN | POLLOUT : POLLIN);
}

void Session::acknowledge_quickly() const noexcept {
  if (is_tcp_) set_socket_option(descriptor_, IPPROTO_TCP, TCP_QUICKACK, 1);
}

bool Session::is_lost() const noexcept {
  return (ssh_get_status(handle_.get()) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0;
}

void Session::fail(Cause otherwise, const std::string& detail) {
  throw Failure(is_lost() ? Cause::connection_lost : otherwise, detail,
                ssh_get_error(handle_.get()));
}

void Session::disconnect() noexcept {
  ssh_disconnect(handle_.get());
  socket_.close();
}

}  // namespace sshsm::ssh
