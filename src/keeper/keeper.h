#pragma once

#include "base/deadline.h"
#include "base/failure.h"
#include "base/log.h"
#include "base/trace.h"
#include "base/waiter.h"
#include "keeper/attendant.h"
#include "keeper/client.h"
#include "keeper/lifetime.h"
#include "keeper/listener.h"
#include "keeper/pool.h"
#include "keeper/signals.h"
#include "keeper/supervisor.h"

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace sshsm::keeper {

/// The loop: listeners, clients, the pool behind them, and how long all this lasts. One thread;
/// what takes time in the pool runs turns of the loop while it waits.
class Keeper final : public base::Waiter {
 public:
  /// One more is told 421.
  static constexpr std::size_t max_clients = 1000;
  /// Of these on Unix sockets by one user who is neither root nor the mail user, so that the mail
  /// server finds room whoever else does not let go; and on all ports together, where nobody knows
  /// whose they are.
  static constexpr std::size_t max_clients_of_user = 250;

  struct Means {
    std::vector<Listener> listeners;
    AllowedUsers users;
    config::Destination settings;
    Attendant& attendant;
    Signals& signals;
    Notifier& notifier;
    base::Log& log;
    base::Trace& trace;
  };

  explicit Keeper(Means means);

  /// Until it is told to stop and has finished what was in flight, or is idle and would be started
  /// again for the next client. Throws `Failure` attendant_gone, when likewise finished.
  void run();

  /// For the pool's work. May return early: what is waited for may have been taken in by the turn.
  /// Throws `Failure` stopped where the work is not wanted any more, and what ended the line on
  /// which a session is being opened.
  [[nodiscard]] short wait(int descriptor, short events, base::Deadline deadline) override;

 private:
  [[nodiscard]] short turn(int descriptor, short events, base::Deadline deadline);
  [[nodiscard]] std::uint64_t packets_on_busy_line() const;
  [[nodiscard]] std::vector<pollfd> interests() const;
  [[nodiscard]] base::Deadline next_deadline() const;
  [[nodiscard]] bool has_news() const;
  void take_signals();
  void accept_from(const Listener& listener);
  void tell_status(const base::Descriptor& socket);
  [[nodiscard]] std::optional<base::Failure> lack_of_room_for(
      const std::optional<uid_t>& user) const;
  void complain(const base::Failure& refusal);
  void welcome(Arrival arrival, Kind kind);
  void tend_clients(const std::vector<pollfd>& watched, std::size_t first);
  [[nodiscard]] bool part_from_finished();
  void note_clients();
  void tell_supervisor();
  [[nodiscard]] Status status() const;
  void tell_metrics();
  [[nodiscard]] std::string summary() const;
  void stop(const base::Failure& reason);
  [[nodiscard]] bool is_done() const;
  [[nodiscard]] bool would_be_started_again() const;
  void log_event(int level, std::string_view text);

  std::vector<Listener> listeners_;
  AllowedUsers users_;
  Attendant& attendant_;
  Signals& signals_;
  Notifier& notifier_;
  base::Log& log_;
  base::Trace& trace_;
  smtp::Observer observer_;
  Pool pool_;
  std::vector<std::unique_ptr<Client>> clients_;
  Lifetime lifetime_;
  std::string told_;  ///< to the supervisor
  std::string told_metrics_;
  base::Deadline next_metrics_ = base::Deadline(base::Clock::time_point{});
  bool may_have_metrics_ = false;  ///< that were not told
  std::uint64_t clients_served_ = 0;
  bool is_lingering_ = false;
  bool is_stopping_ = false;
  base::Failure stopped_by_ = base::Failure(base::Cause::stopped);
  base::Clock::time_point stop_ends_ = base::Clock::time_point::max();
  base::Clock::time_point accept_again_{};
  base::Clock::time_point complain_again_{};
  base::Clock::time_point tell_lingering_again_{};
};

}  // namespace sshsm::keeper
