#pragma once

#include "base/deadline.h"
#include "base/failure.h"
#include "base/log.h"
#include "base/trace.h"
#include "base/waiter.h"
#include "config/destination.h"
#include "keeper/attendant.h"
#include "keeper/backoff.h"
#include "keeper/connection.h"
#include "keeper/remote.h"
#include "keeper/status.h"
#include "smtp/capabilities.h"
#include "smtp/observer.h"
#include "smtp/outcome.h"

#include <poll.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::keeper {

/// Somebody who has asked for a mail server, or what one offers. Exactly one of these is called,
/// unless he cancels.
class Borrower {
 public:
  Borrower() = default;
  Borrower(const Borrower&) = delete;
  Borrower& operator=(const Borrower&) = delete;
  virtual ~Borrower() = default;

  /// He asked for the greeting.
  virtual void greet(const smtp::Capabilities& offered) = 0;
  /// He asked for a message.
  virtual void lend(std::unique_ptr<Remote> remote) = 0;
  virtual void refuse(const base::Failure& failure) = 0;
};

/// The connections to the destination and the mail servers at their far ends, which it lends to one
/// client after the other. Who asks is served in order: by a parked mail server, else by one on
/// another channel, else on another connection, else when his turn comes. Who only wants to know
/// what is offered waits for nobody's turn, since one mail server of the line has said it.
///
/// A mail server is lent for a message only after the attendant has said, later than the message
/// began, that configuration and pins are what the connection was made by.
class Pool {
 public:
  struct Means {
    Attendant& attendant;
    base::Log& log;
    base::Trace& trace;
    smtp::Observer observer;
  };
  enum class Want {
    greeting,  ///< to know what the mail server offers: no message goes through it
    message,
  };

  /// `settings` hold until they are loaded anew.
  Pool(Means means, config::Destination settings);

  void request(Borrower& borrower, Want want);
  void cancel(const Borrower& borrower);
  void give_back(std::unique_ptr<Remote> remote);

  [[nodiscard]] const config::Destination& settings() const { return settings_; }
  /// The host of the line, or the one tried last.
  [[nodiscard]] const std::string& host() const { return host_; }
  [[nodiscard]] bool is_up() const;
  /// Somebody waits for his turn.
  [[nodiscard]] bool has_waiting() const { return !queue_.empty(); }
  [[nodiscard]] bool is_empty() const { return connections_.empty(); }
  /// Behind a failure no line is opened before this.
  [[nodiscard]] base::Deadline end_of_pause() const { return base::Deadline(backoff_.end()); }

  /// All but the clients.
  [[nodiscard]] Status status() const;
  /// What became of a message.
  void note_fate(smtp::Fate fate);

  // The loop.
  [[nodiscard]] std::vector<pollfd> interests() const;
  [[nodiscard]] base::Deadline deadline() const;
  /// Something came that makes no descriptor readable any more.
  [[nodiscard]] bool has_news() const;
  /// After each poll: moves the bytes of what is not lent. `has_attendants_word` where the first of
  /// `interests` is readable.
  void turn(bool has_attendants_word);
  /// When the clients had their turns: serves who waits, and ends what nobody uses.
  void settle();
  /// The next thing that takes time, if one is due: reading the configuration, dialling, opening a
  /// channel. `waiter` runs turns meanwhile, but never this again.
  /// True where there was something to do.
  bool work(base::Waiter& waiter);
  /// The connection on which a channel is being opened, if one is.
  [[nodiscard]] const Connection* busy() const { return busy_; }
  /// A dial is under way by settings that have changed since.
  [[nodiscard]] bool is_dial_outdated() const {
    return is_dialling_ && !is_loading_ && is_reload_due_;
  }

  /// Nothing is lent any more, and all connections end once what is lent has come back.
  void hang_up();
  /// From now on who asks is told `failure`.
  void close(const base::Failure& failure);
  /// As if the files had changed.
  void reread();

 private:
  struct Entry {
    Borrower* borrower;
    Want want;
    base::Deadline limit;
    std::optional<std::uint64_t> question;  ///< to the attendant, on his behalf
  };

  // pool.cc
  void take_attendants_word();
  void note_silence();
  void pump();
  [[nodiscard]] std::optional<base::Failure> tend(Remote& remote);
  void renew(Remote& remote);
  void serve();
  void greet_all();
  [[nodiscard]] std::optional<Entry> take_first(const std::function<bool(const Entry&)>& is_meant);
  void give_out();
  void turn_away_late();
  [[nodiscard]] bool awaits_attendant(const Entry& entry) const;
  [[nodiscard]] base::Failure reason_of_delay(const Entry& entry) const;
  void turn_away(const base::Failure& reason);
  void refuse_all(const base::Failure& failure);
  void ask_for_first(std::size_t count);
  [[nodiscard]] bool may_be_served(const Entry& entry) const;
  [[nodiscard]] std::size_t count_ready() const;
  [[nodiscard]] std::unique_ptr<Remote> take_ready();
  [[nodiscard]] bool is_any_alive() const;
  [[nodiscard]] const smtp::Capabilities* offered() const;
  void bury();

  // pool_work.cc
  [[nodiscard]] bool is_more_wanted() const;
  [[nodiscard]] bool is_spare_wanted() const;
  [[nodiscard]] std::size_t count_hopeful() const;
  [[nodiscard]] Connection* find_open();
  [[nodiscard]] bool may_dial() const;
  void reload(base::Waiter& waiter);
  [[nodiscard]] Loaded load(base::Waiter& waiter);
  void adopt(mailer::Setup& setup);
  void dial(base::Waiter& waiter);
  void connect(base::Waiter& waiter);
  void open(Connection& connection, base::Waiter& waiter);
  void note_open_failure(Connection& connection, const base::Failure& failure);
  void note_greeting_failure(Connection& connection, const base::Failure& failure);
  void fail(const base::Failure& failure);
  void tell_failure(const base::Failure& failure);
  void log_end(const Connection& connection);
  void log_event(int level, std::string_view text);
  [[nodiscard]] std::string explain(const base::Failure& failure) const;

  Means means_;
  config::Destination settings_;
  std::string host_;
  Backoff backoff_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Remote>> idle_;  ///< parked last is last; they go before connections
  std::deque<Entry> queue_;
  std::optional<base::Failure> closed_by_;
  Status done_;  ///< what was counted, and since when
  bool was_up_ = false;
  bool is_last_lent_ = false;         ///< who was lent last is used up behind this message
  const Connection* busy_ = nullptr;  ///< a channel is being opened on it
  bool is_dialling_ = false;
  bool is_loading_ = false;
  bool is_reload_due_ = false;
  bool is_silence_told_ = false;  ///< the attendant's
};

}  // namespace sshsm::keeper
