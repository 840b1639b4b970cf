#include "keeper/pool.h"

#include <algorithm>
#include <utility>

namespace sshsm::keeper {

using base::Cause;
using base::Clock;
using base::Deadline;
using base::Failure;

namespace {

/// More than the longest queue run has at once is nobody's parked session.
constexpr base::Milliseconds max_parked_time{60000};

}  // namespace

Pool::Pool(Means means, config::Destination settings)
    : means_(std::move(means)), settings_(std::move(settings)), host_(settings_.hosts.front()) {
  done_.started = done_.since = std::chrono::system_clock::now();
}

void Pool::request(Borrower& borrower, Want want) {
  // Every mail server gives up on a greeting after five minutes.
  const auto limit = want == Want::greeting
                         ? std::min(settings_.wait_timeout, settings_.greeting_timeout)
                         : settings_.wait_timeout;
  queue_.push_back({&borrower, want, Deadline::after(limit), {}});
}

void Pool::cancel(const Borrower& borrower) {
  std::erase_if(queue_, [&](const Entry& entry) { return entry.borrower == &borrower; });
}

void Pool::give_back(std::unique_ptr<Remote> remote) {
  // What it is to forget is said at once.
  if (!tend(*remote)) idle_.push_back(std::move(remote));
}

bool Pool::is_up() const {
  return std::any_of(connections_.begin(), connections_.end(),
                     [](const auto& connection) { return !connection->is_retired(); });
}

bool Pool::is_any_alive() const {
  std::size_t channels = 0;
  for (const auto& connection : connections_)
    if (!connection->is_retired()) channels += connection->channels();
  const auto leaving = std::count_if(idle_.begin(), idle_.end(), [](const auto& remote) {
    return remote->is_leaving() && !remote->connection().is_retired();
  });
  return channels > static_cast<std::size_t>(leaving);
}

std::vector<pollfd> Pool::interests() const {
  std::vector<pollfd> watched{{means_.attendant.descriptor(), POLLIN, 0}};
  for (const auto& connection : connections_) watched.push_back(connection->interest());
  return watched;
}

Deadline Pool::deadline() const {
  const Deadline patience = means_.attendant.end_of_patience();
  Deadline until = patience.passed() ? Deadline::never() : patience;
  for (const auto& remote : idle_) until = earlier(until, remote->deadline());
  for (const Entry& entry : queue_) until = earlier(until, entry.limit);
  const bool may_work = busy_ == nullptr && !is_dialling_ && !is_loading_ && !closed_by_;
  for (const auto& connection : connections_) {
    until = earlier(until, connection->next_check());
    if (may_work && is_more_wanted()) until = earlier(until, connection->end_of_pause());
  }
  if (may_work && is_more_wanted() && backoff_.reason_to_wait(Clock::now()) != nullptr)
    until = earlier(until, Deadline(backoff_.end()));
  return until;
}

bool Pool::has_news() const {
  const auto is_vain = [this](const Entry& entry) {
    return awaits_attendant(entry) && means_.attendant.is_silent();
  };
  return std::any_of(queue_.begin(), queue_.end(), is_vain) ||
         std::any_of(idle_.begin(), idle_.end(),
                     [](const auto& remote) { return remote->has_news(); });
}

void Pool::turn(bool has_attendants_word) {
  if (has_attendants_word) take_attendants_word();
  note_silence();
  for (const auto& connection : connections_) connection->progress();
  pump();
}

void Pool::settle() {
  serve();
  bury();
  if (was_up_ == is_up()) return;
  was_up_ = !was_up_;
  done_.since = std::chrono::system_clock::now();
}

void Pool::take_attendants_word() {
  means_.attendant.hear();
  if (!means_.attendant.has_change() || is_reload_due_) return;
  is_reload_due_ = true;
  backoff_.reset();
}

void Pool::note_silence() {
  const bool is_silent = means_.attendant.is_silent();
  if (is_silent && !std::exchange(is_silence_told_, true)) tell_failure(Attendant::silence());
  is_silence_told_ = is_silent;
}

void Pool::pump() {
  for (std::size_t i = 0; i < idle_.size();) {
    Remote& remote = *idle_[i];
    const std::optional<Failure> failure = tend(remote);
    if (!failure && !remote.is_gone()) {
      ++i;
      continue;
    }
    Connection& connection = remote.connection();
    const bool was_wanted = !remote.has_greeted() && !remote.is_leaving();
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    if (failure && was_wanted) note_greeting_failure(connection, *failure);
  }
}

/// Why it is of no use any more, if it is of none. One that served costs nobody anything.
std::optional<Failure> Pool::tend(Remote& remote) {
  Connection& connection = remote.connection();
  const bool is_first_greeting_due = !connection.has_greeted();
  try {
    const bool is_used_up = remote.messages() >= settings_.messages_per_session;
    if ((is_used_up || connection.is_retired()) && !remote.is_leaving()) remote.leave();
    remote.pump();
    if (is_first_greeting_due && connection.has_greeted()) backoff_.reset();
    if (remote.is_parked_since(Clock::now() - max_parked_time)) renew(remote);
    return std::nullopt;
  } catch (const Failure& failure) {
    return failure;
  }
}

/// Where the line is to be kept up, one mail server is kept, and asked whether he is there.
void Pool::renew(Remote& remote) {
  if (settings_.is_persistent && count_hopeful() == 1)
    remote.probe();
  else
    remote.leave();
}

void Pool::serve() {
  turn_away_late();
  if (closed_by_) return refuse_all(*closed_by_);
  const Failure* const reason = backoff_.reason_to_wait(Clock::now());
  if (reason != nullptr && !is_any_alive()) return turn_away(*reason);
  if (is_reload_due_ || is_loading_) return;
  greet_all();
  give_out();
}

/// What is offered by a mail server on the line, or was by the last one that was greeted there.
const smtp::Capabilities* Pool::offered() const {
  if (!is_any_alive()) return nullptr;
  for (const auto& connection : connections_)
    if (!connection->is_retired() && connection->offered()) return &*connection->offered();
  return nullptr;
}

void Pool::greet_all() {
  const smtp::Capabilities* const known = offered();
  if (known == nullptr) return;
  const smtp::Capabilities capabilities = *known;
  const auto is_curious = [](const Entry& entry) { return entry.want == Want::greeting; };
  while (const std::optional<Entry> entry = take_first(is_curious))
    entry->borrower->greet(capabilities);
}

/// Whom we then speak to may ask again, so he must be out of the queue.
std::optional<Pool::Entry> Pool::take_first(const std::function<bool(const Entry&)>& is_meant) {
  const auto found = std::find_if(queue_.begin(), queue_.end(), is_meant);
  if (found == queue_.end()) return std::nullopt;
  const Entry entry = *found;
  queue_.erase(found);
  return entry;
}

void Pool::give_out() {
  ask_for_first(count_ready());
  while (!queue_.empty() && may_be_served(queue_.front())) {
    std::unique_ptr<Remote> remote = take_ready();
    if (!remote) return;
    Borrower& borrower = *queue_.front().borrower;
    queue_.pop_front();
    is_last_lent_ = remote->messages() + 1 >= settings_.messages_per_session;
    borrower.lend(std::move(remote));
  }
  // Who had no use for his gave it back at once. It is there for somebody behind him on whose
  // behalf nothing was asked yet, and no event might come to wake us for that one.
  ask_for_first(count_ready());
}

/// A question that was answered while nothing could be lent says nothing about later.
void Pool::ask_for_first(std::size_t count) {
  for (std::size_t i = 0; i < queue_.size(); ++i) {
    Entry& entry = queue_[i];
    if (i >= count)
      entry.question.reset();
    else if (!entry.question)
      entry.question = means_.attendant.ask();
  }
}

bool Pool::may_be_served(const Entry& entry) const {
  return entry.question && means_.attendant.answered() >= *entry.question;
}

std::size_t Pool::count_ready() const {
  return static_cast<std::size_t>(std::count_if(
      idle_.begin(), idle_.end(), [](const auto& remote) { return remote->is_ready(); }));
}

/// The one parked last: the others may grow old and go.
std::unique_ptr<Remote> Pool::take_ready() {
  const auto found = std::find_if(idle_.rbegin(), idle_.rend(),
                                  [](const auto& remote) { return remote->is_ready(); });
  if (found == idle_.rend()) return nullptr;
  std::unique_ptr<Remote> remote = std::move(*found);
  idle_.erase(std::next(found).base());
  return remote;
}

/// Not only the first: who came when the limit was longer waits longer.
void Pool::turn_away_late() {
  const auto is_late = [this](const Entry& entry) {
    return entry.limit.passed() || (awaits_attendant(entry) && means_.attendant.is_silent());
  };
  while (const std::optional<Entry> late = take_first(is_late))
    late->borrower->refuse(reason_of_delay(*late));
}

bool Pool::awaits_attendant(const Entry& entry) const {
  return entry.question && means_.attendant.answered() < *entry.question;
}

Failure Pool::reason_of_delay(const Entry& entry) const {
  if (awaits_attendant(entry)) return Attendant::silence();
  if (is_up()) return Failure(Cause::line_busy);
  return Failure(Cause::answer_timed_out, "the line is still being opened");
}

/// Who changed the configuration need not wait for the end of the pause: so each is asked for.
void Pool::turn_away(const Failure& reason) {
  for (Entry& entry : queue_)
    if (!entry.question) entry.question = means_.attendant.ask();
  const auto is_answered = [this](const Entry& entry) {
    return means_.attendant.answered() >= *entry.question;
  };
  while (!queue_.empty() && is_answered(queue_.front())) {
    Borrower& borrower = *queue_.front().borrower;
    queue_.pop_front();
    borrower.refuse(reason);
  }
}

void Pool::refuse_all(const Failure& failure) {
  const auto is_anybody = [](const Entry& /*entry*/) { return true; };
  while (const std::optional<Entry> entry = take_first(is_anybody))
    entry->borrower->refuse(failure);
}

void Pool::hang_up() {
  for (const auto& connection : connections_) connection->retire();
}

void Pool::close(const Failure& failure) {
  closed_by_ = failure;
  hang_up();
}

void Pool::reread() {
  is_reload_due_ = true;
  backoff_.reset();
}

/// Behind its last channel, and never under the hands of who opens one.
void Pool::bury() {
  std::erase_if(connections_, [this](const std::unique_ptr<Connection>& connection) {
    const bool is_done = connection->is_retired() && connection->channels() == 0;
    if (!is_done || connection.get() == busy_) return false;
    log_end(*connection);
    return true;
  });
}

}  // namespace sshsm::keeper
