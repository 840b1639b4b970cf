#include "keeper/keeper.h"

#include "base/failure.h"
#include "base/text.h"
#include "keeper/random.h"

#include <sys/socket.h>
#include <syslog.h>

#include <algorithm>
#include <utility>

namespace sshsm::keeper {

using base::Cause;
using base::Clock;
using base::Deadline;
using base::Failure;

namespace {

/// What is in flight has so long to end behind a SIGTERM; systemd kills after 90 s.
constexpr base::Milliseconds max_stop{60000};
/// From one listener in one turn, so that a flood of clients leaves the others their turns.
constexpr int max_arrivals = 16;
/// Where none can be taken: there is no descriptor for him (EMFILE), or the listener was shut down.
constexpr base::Milliseconds accept_pause{200};
/// From one line in the log about being without clients to the next: a busy queue is without them
/// behind each message.
constexpr base::Milliseconds lingering_pause{10000};
/// From one line in the log about clients for whom there was no room to the next.
constexpr base::Milliseconds complaint_pause{60000};
/// From one writing of the metrics file to the next.
constexpr base::Milliseconds metrics_pause{2000};

smtp::Observer observer_to(base::Trace& trace) {
  if (!trace.is_on()) return {};
  return [&trace](char direction, std::string_view text) { trace.dialogue(direction, text); };
}

}  // namespace

Keeper::Keeper(Means means)
    : listeners_(std::move(means.listeners)),
      users_(std::move(means.users)),
      attendant_(means.attendant),
      signals_(means.signals),
      notifier_(means.notifier),
      log_(means.log),
      trace_(means.trace),
      observer_(observer_to(means.trace)),
      pool_({means.attendant, means.log, means.trace, observer_}, std::move(means.settings)) {}

void Keeper::run() {
  tell_metrics();
  told_ = summary();
  notifier_.tell_ready(told_);
  while (!is_done()) {
    const bool has_worked = pool_.work(*this);
    static_cast<void>(turn(-1, 0, has_worked ? Deadline(Clock::now()) : Deadline::never()));
  }
  for (const auto& client : clients_) client->stop(stopped_by_, true);
  clients_.clear();
  next_metrics_ = Deadline(Clock::time_point{});
  tell_metrics();
  if (attendant_.is_gone()) throw Failure(Cause::attendant_gone);
}

short Keeper::wait(int descriptor, short events, Deadline deadline) {
  for (;;) {
    const std::uint64_t heard = packets_on_busy_line();
    const short happened = turn(descriptor, events, deadline);
    // First of all: a host that answers and answers would be dialled to the end, and nobody would
    // hang up a line that came up behind the stop.
    if (is_stopping_ || pool_.is_dial_outdated()) throw Failure(Cause::stopped);
    if (happened != 0) return happened;
    // The turn takes in what came behind its poll, too: nothing would tell of it any more.
    if (packets_on_busy_line() != heard) return POLLIN;
    if (pool_.busy() != nullptr && pool_.busy()->loss()) throw Failure(*pool_.busy()->loss());
    if (deadline.passed()) return 0;
  }
}

std::uint64_t Keeper::packets_on_busy_line() const {
  return pool_.busy() == nullptr ? 0 : pool_.busy()->packets_received();
}

/// Waits no longer than until somebody has something to do, and lets everybody do it. Returns what
/// poll(2) says of `descriptor`.
short Keeper::turn(int descriptor, short events, Deadline deadline) {
  std::vector<pollfd> watched = interests();
  watched.push_back({descriptor, events, 0});
  const Deadline until = has_news() ? Deadline(Clock::now()) : earlier(deadline, next_deadline());
  if (poll(watched.data(), watched.size(), until.poll_timeout()) < 0)
    for (pollfd& one : watched) one.revents = 0;
  const bool has_attendants_word = watched[1 + listeners_.size()].revents != 0;
  if (watched.front().revents != 0) take_signals();
  pool_.turn(has_attendants_word);
  if (attendant_.is_gone()) stop(Failure(Cause::attendant_gone));
  const std::size_t first_client = watched.size() - 1 - clients_.size();
  tend_clients(watched, first_client);
  if (!is_stopping_)
    for (std::size_t i = 0; i < listeners_.size(); ++i)
      if (watched[i + 1].revents != 0) accept_from(listeners_[i]);
  pool_.settle();
  // What they had is there for others.
  if (part_from_finished()) pool_.settle();
  note_clients();
  tell_supervisor();
  tell_metrics();
  return watched.back().revents;
}

/// The signals, the listeners, the pool's, the clients.
std::vector<pollfd> Keeper::interests() const {
  std::vector<pollfd> watched{{signals_.descriptor(), POLLIN, 0}};
  const bool may_accept = Clock::now() >= accept_again_;
  for (const Listener& listener : listeners_)
    watched.push_back({may_accept ? listener.descriptor.get() : -1, POLLIN, 0});
  const std::vector<pollfd> pool = pool_.interests();
  watched.insert(watched.end(), pool.begin(), pool.end());
  for (const auto& client : clients_) watched.push_back(client->interest());
  return watched;
}

Deadline Keeper::next_deadline() const {
  Deadline until = earlier(pool_.deadline(), Deadline(stop_ends_));
  until = earlier(until, notifier_.next_sign_of_life());
  if (may_have_metrics_) until = earlier(until, next_metrics_);
  if (Clock::now() < accept_again_) until = earlier(until, Deadline(accept_again_));
  if (is_lingering_) until = earlier(until, lifetime_.end());
  if (clients_.empty() && !pool_.end_of_pause().passed())
    until = earlier(until, pool_.end_of_pause());
  for (const auto& client : clients_) until = earlier(until, client->deadline());
  return until;
}

bool Keeper::has_news() const {
  return pool_.has_news() || std::any_of(clients_.begin(), clients_.end(),
                                         [](const auto& client) { return client->has_news(); });
}

void Keeper::take_signals() {
  while (const std::optional<Signals::Wish> wish = signals_.take()) {
    if (*wish == Signals::Wish::stop) {
      stop(Failure(Cause::stopped));
      continue;
    }
    log_event(LOG_INFO,
              "reading the configuration anew; listen, run-as and allow-users need a restart");
    pool_.reread();
  }
}

void Keeper::stop(const Failure& reason) {
  if (std::exchange(is_stopping_, true)) return;
  stopped_by_ = reason;
  log_event(LOG_INFO, base::concat({"stopping, with ", std::to_string(clients_.size()),
                                    " clients connected"}));
  notifier_.tell_stopping("finishing what is in flight");
  stop_ends_ = Clock::now() + max_stop;
  listeners_.clear();
  pool_.close(reason);
}

void Keeper::accept_from(const Listener& listener) {
  for (int count = 0; count < max_arrivals; ++count) {
    Arrival arrival = accept_client(listener, users_);
    // Nobody, though poll(2) said that somebody is there, and would say it again at once.
    if (!arrival.socket && count == 0) accept_again_ = Clock::now() + accept_pause;
    if (!arrival.socket) return;
    // How it goes is asked for most where it is full.
    if (!arrival.refusal && listener.kind != Kind::status) {
      arrival.refusal = lack_of_room_for(arrival.user);
      if (arrival.refusal) complain(*arrival.refusal);
    }
    if (arrival.refusal)
      turn_away(std::move(arrival.socket), listener.kind, *arrival.refusal, pool_.settings().name);
    else if (listener.kind == Kind::status)
      tell_status(arrival.socket);
    else
      welcome(std::move(arrival), listener.kind);
  }
}

std::optional<Failure> Keeper::lack_of_room_for(const std::optional<uid_t>& user) const {
  if (clients_.size() >= max_clients)
    return Failure(Cause::resources_exhausted,
                   base::concat({std::to_string(max_clients), " clients"}));
  if (user && users_.has_at_meeting(*user)) return std::nullopt;
  const auto count = std::count_if(clients_.begin(), clients_.end(),
                                   [&user](const auto& client) { return client->user() == user; });
  if (static_cast<std::size_t>(count) < max_clients_of_user) return std::nullopt;
  return Failure(Cause::resources_exhausted,
                 base::concat({std::to_string(max_clients_of_user), " clients ",
                               user ? "of uid " + std::to_string(*user) : "of ports"}));
}

/// One who comes again and again must not fill the log.
void Keeper::complain(const Failure& refusal) {
  if (Clock::now() < complain_again_) return;
  complain_again_ = Clock::now() + complaint_pause;
  log_event(LOG_WARNING, base::concat({"a client is turned away: ", refusal.detail(),
                                       " are connected, and no more may be"}));
}

/// A socket that was connected just now has room for it.
void Keeper::tell_status(const base::Descriptor& socket) {
  const std::string text = json_of(status());
  send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Keeper::welcome(Arrival arrival, Kind kind) {
  ++clients_served_;
  clients_.push_back(std::make_unique<Client>(std::move(arrival.socket),
                                              Client::Person{arrival.user, kind},
                                              Client::Means{pool_, log_, trace_, observer_}));
}

void Keeper::tend_clients(const std::vector<pollfd>& watched, std::size_t first) {
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    clients_[i]->turn(watched[first + i].revents);
    if (is_stopping_) clients_[i]->stop(stopped_by_, false);
  }
}

bool Keeper::part_from_finished() {
  return std::erase_if(clients_, [](const auto& client) { return client->is_finished(); }) > 0;
}

void Keeper::note_clients() {
  if (!clients_.empty() || !pool_.is_up()) {
    lifetime_.note_clients();
    is_lingering_ = false;
    return;
  }
  const config::Destination& settings = pool_.settings();
  const base::Milliseconds left =
      lifetime_.note_no_clients({settings.linger, settings.linger_jitter, settings.is_persistent},
                                Clock::now(), random_share());
  if (!std::exchange(is_lingering_, true) && !settings.is_persistent &&
      Clock::now() >= tell_lingering_again_) {
    tell_lingering_again_ = Clock::now() + lingering_pause;
    log_event(LOG_DEBUG, base::concat({"no clients; up for another ",
                                       std::to_string(left.count() / 1000), " s"}));
  }
  if (lifetime_.end().passed()) pool_.hang_up();
}

/// Of the line alone: it would be told of each client otherwise.
void Keeper::tell_supervisor() {
  if (notifier_.next_sign_of_life().passed()) notifier_.give_sign_of_life();
  if (is_stopping_ || told_ == summary()) return;
  told_ = summary();
  notifier_.tell_status(told_);
}

Status Keeper::status() const {
  Status status = pool_.status();
  status.clients = clients_.size();
  status.clients_served = clients_served_;
  return status;
}

/// Not at every turn: each would be a new file.
void Keeper::tell_metrics() {
  if (pool_.settings().metrics_file.empty()) {
    told_metrics_.clear();
    return;
  }
  may_have_metrics_ = !next_metrics_.passed();
  if (may_have_metrics_) return;
  std::string text = metrics_of(status());
  if (text == told_metrics_) return;
  if (attendant_.write_metrics(text)) told_metrics_ = std::move(text);
  next_metrics_ = Deadline::after(metrics_pause);
}

std::string Keeper::summary() const {
  return base::concat({pool_.is_up() ? "line up: " : "no line: ", pool_.host()});
}

bool Keeper::is_done() const {
  if (!is_stopping_) return would_be_started_again();
  return (clients_.empty() && pool_.is_empty()) || Clock::now() >= stop_ends_;
}

bool Keeper::would_be_started_again() const {
  const bool is_activated =
      !listeners_.empty() &&
      std::all_of(listeners_.begin(), listeners_.end(),
                  [](const Listener& one) { return one.is_inherited || one.kind == Kind::status; });
  // Another one would not know that the host is to be left alone for a while.
  return is_activated && clients_served_ > 0 && clients_.empty() && pool_.is_empty() &&
         pool_.end_of_pause().passed() && !pool_.settings().is_persistent;
}

void Keeper::log_event(int level, std::string_view text) {
  log_.write(level, base::concat({pool_.settings().name, ": ", text}));
  trace_.note(text);
}

}  // namespace sshsm::keeper
