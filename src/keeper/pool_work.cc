#include "base/text.h"
#include "keeper/pool.h"
#include "keeper/random.h"

#include <syslog.h>

#include <algorithm>
#include <utility>

namespace sshsm::keeper {

using base::Cause;
using base::Clock;
using base::Deadline;
using base::Failure;

bool Pool::work(base::Waiter& waiter) {
  if (closed_by_) return false;
  if (is_reload_due_) {
    reload(waiter);
    return true;
  }
  const bool is_dial_worth_it = is_more_wanted();
  if (!is_dial_worth_it && !is_spare_wanted()) return false;
  if (Connection* const connection = find_open()) {
    open(*connection, waiter);
    return true;
  }
  if (!is_dial_worth_it || !may_dial()) return false;
  dial(waiter);
  return true;
}

bool Pool::is_more_wanted() const {
  const std::size_t wanted = std::max<std::size_t>(queue_.size(), settings_.is_persistent ? 1 : 0);
  const bool has_enough = queue_.empty() && is_any_alive();
  return wanted > count_hopeful() && !has_enough;
}

/// The next client would wait for a new session behind the last message of this one, which leaves
/// time to open it. It is worth a channel, and no connection.
bool Pool::is_spare_wanted() const {
  return is_last_lent_ && count_hopeful() == 0;
}

/// Parked, or on the way to be.
std::size_t Pool::count_hopeful() const {
  return static_cast<std::size_t>(std::count_if(idle_.begin(), idle_.end(), [](const auto& remote) {
    return !remote->is_leaving() && !remote->connection().is_retired();
  }));
}

Connection* Pool::find_open() {
  const auto found = std::find_if(
      connections_.begin(), connections_.end(),
      [this](const auto& connection) { return connection->may_open(settings_.max_sessions); });
  return found == connections_.end() ? nullptr : found->get();
}

bool Pool::may_dial() const {
  std::size_t count = 0;
  for (const auto& connection : connections_) {
    if (connection->is_retired()) continue;
    if (connection->is_pausing()) return false;
    ++count;
  }
  return count < settings_.max_connections && backoff_.reason_to_wait(Clock::now()) == nullptr;
}

void Pool::reload(base::Waiter& waiter) {
  try {
    static_cast<void>(load(waiter));
    log_event(LOG_INFO, "configuration and pins read anew");
  } catch (const Failure& failure) {
    if (!closed_by_) fail(failure);
  }
}

/// Nothing is lent before it is known which lines pass by what is read. Where the files say nothing
/// usable any more, none does.
Loaded Pool::load(base::Waiter& waiter) {
  is_loading_ = true;
  try {
    Loaded loaded = means_.attendant.load(waiter);
    adopt(loaded.setup);
    is_loading_ = is_reload_due_ = false;
    return loaded;
  } catch (const Failure&) {
    is_loading_ = is_reload_due_ = false;
    hang_up();
    throw;
  }
}

void Pool::adopt(mailer::Setup& setup) {
  for (const auto& connection : connections_) {
    if (connection->is_retired() || connection->passes(setup)) continue;
    connection->retire();
    log_event(LOG_NOTICE, base::concat({"the line to ", connection->host(),
                                        " is not what the configuration says any more"}));
  }
  settings_ = setup.destination;
}

void Pool::dial(base::Waiter& waiter) {
  is_dialling_ = true;
  ++done_.dials;
  try {
    connect(waiter);
  } catch (const Failure& failure) {
    // By settings that are not those any more: it says nothing about those of now.
    if (!is_reload_due_ && !closed_by_) fail(failure);
  }
  is_dialling_ = false;
}

void Pool::connect(base::Waiter& waiter) {
  Loaded loaded = load(waiter);
  const ssh::Means means{loaded.setup.destination, loaded.setup.pins, *loaded.dialler, waiter,
                         means_.trace};
  std::string key_name = loaded.setup.key.name();
  ssh::Progress progress;
  std::unique_ptr<ssh::Session> session;
  try {
    session = ssh::connect(means, std::move(loaded.setup.key),
                           Deadline::after(settings_.greeting_timeout), progress);
  } catch (const Failure&) {
    if (!progress.host.empty()) host_ = progress.host;
    throw;
  }
  host_ = progress.host;
  connections_.push_back(std::make_unique<Connection>(std::move(session), std::move(loaded.dialler),
                                                      progress, settings_, std::move(key_name)));
  log_event(LOG_INFO, base::concat({"line up: ", host_, "[", progress.address,
                                    "]:", std::to_string(settings_.port)}));
}

void Pool::open(Connection& connection, base::Waiter& waiter) {
  busy_ = &connection;
  is_last_lent_ = false;
  try {
    idle_.push_back(std::make_unique<Remote>(connection, means_.observer, waiter));
    ++done_.sessions_started;
  } catch (const Failure& failure) {
    note_open_failure(connection, failure);
  }
  busy_ = nullptr;
}

/// A line that served before and is dead is replaced without a word.
void Pool::note_open_failure(Connection& connection, const Failure& failure) {
  if (failure.cause() == Cause::channel_refused && connection.note_refusal()) return;
  if (failure.cause() == Cause::connection_lost) connection.lose(failure);
  connection.retire();
  const bool is_old_line = connection.loss() && connection.has_greeted();
  if (!is_old_line && !closed_by_) fail(failure);
}

/// One of several may be one too many for the mail server there.
void Pool::note_greeting_failure(Connection& connection, const Failure& failure) {
  if (connection.has_greeted() && connection.loss()) return;
  if (connection.has_greeted() && connection.note_full()) return;
  connection.retire();
  fail(failure);
}

void Pool::fail(const Failure& failure) {
  backoff_.note_failure(failure, Clock::now(), random_share());
  tell_failure(failure);
  if (!is_any_alive()) refuse_all(failure);
}

void Pool::tell_failure(const Failure& failure) {
  ++done_.failures;
  done_.last_failure = explain(failure);
  done_.last_failure_at = std::chrono::system_clock::now();
  log_event(LOG_NOTICE, done_.last_failure);
}

Status Pool::status() const {
  Status status = done_;
  const auto now = Clock::now();
  status.destination = settings_.name;
  status.host = host_;
  status.is_up = is_up();
  status.connections = connections_.size();
  for (const auto& connection : connections_) status.sessions += connection->channels();
  if (status.is_up) {
    status.address = connections_.back()->address();
    status.round_trip = connections_.back()->round_trip();
  }
  status.parked = count_ready();
  status.waiting = queue_.size();
  if (backoff_.reason_to_wait(now) != nullptr)
    status.next_attempt = std::chrono::system_clock::now() +
                          std::chrono::ceil<std::chrono::seconds>(backoff_.end() - now);
  return status;
}

void Pool::note_fate(smtp::Fate fate) {
  switch (fate) {
    case smtp::Fate::accepted:
      ++done_.messages_accepted;
      return;
    case smtp::Fate::refused:
      ++done_.messages_refused;
      return;
    case smtp::Fate::deferred:
      ++done_.messages_deferred;
      return;
  }
}

void Pool::log_end(const Connection& connection) {
  log_event(connection.loss() ? LOG_NOTICE : LOG_INFO,
            base::concat({"line down: ", connection.host(), ": ",
                          connection.loss() ? explain(*connection.loss()) : "hung up"}));
}

std::string Pool::explain(const Failure& failure) const {
  return base::explain(failure, settings_.name, base::max_sentence);
}

void Pool::log_event(int level, std::string_view text) {
  means_.log.write(level, base::concat({settings_.name, ": ", text}));
  means_.trace.note(text);
}

}  // namespace sshsm::keeper
