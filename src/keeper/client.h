#pragma once

#include "base/deadline.h"
#include "base/descriptor.h"
#include "base/failure.h"
#include "base/log.h"
#include "base/trace.h"
#include "keeper/listener.h"
#include "keeper/pool.h"
#include "keeper/remote.h"
#include "mailer/delivery_log.h"
#include "smtp/observer.h"
#include "smtp/server.h"

#include <poll.h>
#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace sshsm::keeper {

/// Somebody who has connected and speaks SMTP or LMTP: his socket, the machine that answers him,
/// and from the beginning of each message to its end a mail server of the pool.
class Client final : public Borrower {
 public:
  /// He is read from no further than this ahead of what is taken up.
  static constexpr std::size_t max_input = 64 * 1024;

  /// So long a mail server may wait for him in one message, all waits together, while others wait
  /// for their turn: one octet at a time he could keep them all from it.
  static constexpr base::Milliseconds max_hold{30000};

  struct Means {
    Pool& pool;
    base::Log& log;
    base::Trace& trace;
    smtp::Observer observer;
  };

  /// Who he is, where the kernel says so, and what is spoken with him.
  struct Person {
    std::optional<uid_t> user;
    Kind kind = Kind::smtp;
  };

  /// The socket does not block. All of `means` outlives it.
  Client(base::Descriptor socket, Person person, const Means& means);
  ~Client() override;

  [[nodiscard]] pollfd interest() const;
  [[nodiscard]] base::Deadline deadline() const;
  [[nodiscard]] bool has_news() const;
  /// After each poll. Never throws: he is told.
  void turn(short events);
  [[nodiscard]] bool is_finished() const;

  [[nodiscard]] std::optional<uid_t> user() const { return user_; }

  void greet(const smtp::Capabilities& offered) override;
  void lend(std::unique_ptr<Remote> remote) override;
  void refuse(const base::Failure& failure) override;

  /// He is told why there is no more to come. With a message in hand he may end it first, unless it
  /// is `at_once`.
  void stop(const base::Failure& failure, bool at_once);

 private:
  template <typename Work>
  void within_memory(const Work& work);
  void run_out_of_memory();  // client_shortage.cc
  void take_turn(short events);
  void hear();
  void converse();
  void receive();
  [[nodiscard]] bool feed();
  void send_output();
  void see_to_channel();
  void give_back();
  void drop_remote();
  void tell();
  void check_deadlines();
  void take_outcomes();
  void lose(const base::Failure& failure);
  [[nodiscard]] bool wants_to_hear() const;
  void count_hold();
  void lose_idle(const std::string& why);
  [[nodiscard]] base::Deadline end_of_turn() const;
  [[nodiscard]] base::Deadline end_of_hold() const;
  [[nodiscard]] base::Deadline end_of_patience() const;
  [[nodiscard]] base::Deadline end_of_farewell() const;

  Pool& pool_;
  base::Descriptor socket_;
  std::optional<uid_t> user_;
  mailer::DeliveryLog log_;
  smtp::Server server_;
  std::unique_ptr<Remote> remote_;
  bool has_asked_ = false;
  bool is_holding_ = false;  ///< a mail server who waits for him
  base::Clock::duration held_{};
  base::Clock::time_point looked_at_ = base::Clock::now();
  std::string input_;  ///< heard and not fed
  bool has_ended_ = false;
  bool is_gone_ = false;  ///< nothing can be told to him any more
  bool is_given_up_ = false;
  bool is_in_doubt_ = false;  ///< as it was when the machine was last whole
  bool is_stopped_ = false;
  std::size_t replies_seen_ = 0;
  mailer::Timeline timeline_;                              ///< of the message in hand
  base::Clock::time_point moved_at_ = base::Clock::now();  ///< when it last was not his turn
  base::Clock::time_point told_at_ = base::Clock::now();   ///< when he last took something
  base::Clock::time_point lost_at_ = base::Clock::time_point::max();
};

}  // namespace sshsm::keeper
