#pragma once

#include "base/causes.h"
#include "base/deadline.h"
#include "base/descriptor.h"
#include "base/waiter.h"
#include "config/destination.h"
#include "ssh/client_key.h"
#include "ssh/handles.h"
#include "ssh/lent_socket.h"
#include "trust/host_key.h"
#include "trust/pins.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sshsm::ssh {

/// Throws `Failure` configuration_invalid for ciphers, macs or kex-algorithms of which libssh knows
/// none: told before anything is dialled.
void require_known_algorithms(const config::Destination& destination);

/// One SSH connection over libssh, with any number of channels, with nothing of libssh's own
/// environment: no configuration file, no known_hosts, no agent, no home directory. Every call is
/// non-blocking inside; libssh's blocking ones hang where the peer stops reading.
class Session {
 public:
  /// Takes over a connected socket on which the peer's banner waits. `key_types` are the only host
  /// key types that are offered. Throws `Failure` configuration_invalid for algorithms that
  /// libssh does not know.
  Session(base::Descriptor connection, const config::Destination& destination,
          const std::vector<std::string>& key_types);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  /// Closes the socket without a word; `disconnect` says good-bye.
  ~Session() = default;

  /// Exchanges keys. Proves nothing about who the peer is: `check_host_key` does. Throws `Failure`
  /// handshake_failed, host_key_type_unpinned, connection_lost, answer_timed_out.
  void shake_hands(base::Deadline deadline, base::Waiter& waiter);

  /// The key of the handshake, which the peer has shown to be his. Throws `Failure`
  /// handshake_failed.
  [[nodiscard]] trust::HostKey host_key();

  /// What was agreed on, behind the handshake: `SSH-2.0-OpenSSH_9.2p1, curve25519-sha256,
  /// chacha20-poly1305@openssh.com`. The peer's words, not printable yet.
  [[nodiscard]] std::string summary() const;

  /// Throws `Failure` host_key_revoked, host_key_changed or host_key_type_unpinned unless the
  /// key of the handshake is pinned; returns its name. Must precede `log_in`.
  std::string check_host_key(const trust::Pins& pins);

  /// Signs in at once, without asking first which methods or keys would do (two round trips less).
  /// Throws `Failure` login_refused, connection_lost, answer_timed_out.
  void log_in(const std::string& user, const ClientKey& key, base::Deadline deadline,
              base::Waiter& waiter);

  /// Says good-bye and closes the socket. Frees every channel of libssh's: ours must be gone.
  void disconnect() noexcept;

  /// Hands what came to the channels. Throws nothing: a channel that the far side closed in order
  /// has ended well, though the connection may be gone behind it; `check_alive` tells.
  void progress() noexcept;
  /// How many packets have come so far.
  [[nodiscard]] std::uint64_t packets_received() const noexcept { return counter_.in_packets; }
  /// When `check_alive` is due next, though nothing happens.
  [[nodiscard]] base::Deadline next_check() const;
  /// Asks a silent host for a sign of life. Throws `Failure` connection_lost where the connection
  /// is gone, or server-alive-count-max questions were not answered.
  void check_alive();
  /// Asks now, for `round_trip`, whoever has spoken last.
  void ask_for_sign_of_life();
  /// From the last question of that kind to the first packet behind it; none until the first one.
  [[nodiscard]] std::optional<std::chrono::microseconds> round_trip() const { return round_trip_; }
  /// Such a question is open: the host may not be there any more.
  [[nodiscard]] bool awaits_sign_of_life() const { return unanswered_ > 0; }

  // For the channel.
  [[nodiscard]] ssh_session handle() const noexcept { return handle_.get(); }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// What to poll for now.
  [[nodiscard]] short interest() const noexcept;
  /// Calls a libssh function that may return SSH_AGAIN until it returns something else. Throws
  /// `Failure` answer_timed_out with `what` in the detail.
  int repeat(const std::function<int()>& step, const char* what, base::Deadline deadline,
             base::Waiter& waiter);
  /// sshd leaves Nagle on until a session runs, and our delayed acknowledgement would hold its next
  /// packet for 40 ms; the kernel forgets this setting after a few packets.
  void acknowledge_quickly() const noexcept;
  /// Throws connection_lost if the connection is gone, else `otherwise`, with libssh's words as the
  /// peer's text, since parts of them are the peer's.
  [[noreturn]] void fail(base::Cause otherwise, const std::string& detail);
  /// True where libssh closed or gave up the connection. ssh_event_dopoll and ssh_is_connected do
  /// not tell of a packet that failed its authentication; the status does.
  [[nodiscard]] bool is_lost() const noexcept;

 private:
  void set_private_options(const config::Destination& destination);

  void begin_service();
  void note_round_trip(base::Clock::time_point now);

  int descriptor_;
  bool is_tcp_;
  base::Milliseconds alive_interval_;
  unsigned alive_count_max_;
  ssh_counter_struct counter_{};
  LentSocket socket_;  // ends behind the handle, when libssh is done with it
  SessionHandle handle_;
  EventHandle event_;  ///< goes before the session that it watches
  bool is_broken_ = false;
  unsigned unanswered_ = 0;
  std::uint64_t packets_seen_ = 0;  ///< a host who answers keepalives sends packets
  base::Clock::time_point last_sign_of_life_ = base::Clock::now();
  std::optional<base::Clock::time_point> asked_at_;  ///< the question is open
  std::optional<std::chrono::microseconds> round_trip_;
};

}  // namespace sshsm::ssh
