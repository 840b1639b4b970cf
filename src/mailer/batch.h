#pragma once

#include "base/deadline.h"
#include "base/trace.h"
#include "base/waiter.h"
#include "mailer/delivery_log.h"
#include "mailer/input.h"
#include "mailer/line.h"
#include "mailer/progress_line.h"
#include "mailer/report.h"
#include "mailer/rest_file.h"
#include "smtp/client.h"

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::mailer {

/// The front end of -bS: pumps batch SMTP from a descriptor through `smtp::Client` into the forced
/// command's channel, and remembers what became of each message.
///
/// The first message is read before anything is dialled, so that an empty or broken batch
/// costs the far side nothing, a person who types one is not cut off by sshd's LoginGraceTime, and
/// the log can name the recipients that a dead line kept waiting.
class Batch {
 public:
  /// The line may be open: then nothing was said on it. All references outlive it.
  Batch(Line& line, base::Log& log, base::Trace& trace, ProgressLine& progress, Source source);

  /// Carries the whole batch. Every failure ends up in the report and in the log; none is thrown.
  void run();

  [[nodiscard]] const Report& report() const { return report_; }

 private:
  void carry();
  void keep_rest();
  void read_first_message();
  void connect();
  void converse();

  // What the client needs: each returns whether it could be given.
  [[nodiscard]] bool serve_client();
  [[nodiscard]] bool give_what_is_needed();
  bool begin_next_message();
  bool pass_body();
  bool add_piece_of_body();

  void send_output();
  void wait_for_events();
  [[nodiscard]] bool wait_for_input();
  void read_input();
  void end_idle_input();
  [[nodiscard]] base::Deadline end_of_patience() const;
  void receive();
  void take_outcomes();
  void settle(const smtp::MessageOutcome& outcome);
  /// For a stop from now on: without a rest file all of the batch is sent again then, with what was
  /// accepted of it.
  void note_doubt() const;
  void let_go_of_message();
  void check_deadlines();
  [[nodiscard]] bool is_overdue() const { return batch_deadline_.passed(); }

  void note_why_no_more();
  [[nodiscard]] Timeline timeline_of_next_message();

  // batch_loss.cc: what becomes of the rest when the line is lost.
  [[nodiscard]] std::string_view phase() const;
  /// The line is gone: nothing undecided was accepted as far as anybody knows.
  void lose(const base::Failure& failure);
  bool settle_undecided(const base::Failure& failure);
  void hear_the_last();
  [[nodiscard]] bool was_last_message();
  void record_unsent_message(const base::Failure& failure);

  Line& line_;
  base::Trace& trace_;
  ProgressLine& progress_;
  int descriptor_;
  base::PlainWaiter waiter_;
  RestFile* rest_;
  Input input_;
  Report report_;
  DeliveryLog log_;
  std::optional<smtp::Client> client_;

  Timeline opening_;                 ///< of the connection
  bool is_opening_counted_ = false;  ///< in the timeline of some message
  std::deque<Timeline> undecided_;   ///< of the messages begun, in their order
  bool is_any_accepted_ = false;
  bool is_message_begun_ = false;         ///< the input's message is the client's, too
  std::size_t body_passed_ = 0;           ///< of the message's `body`
  bool is_out_of_memory_ = false;         ///< what was being read when that came is lost
  std::optional<base::Failure> no_more_;  ///< why the rest of the batch is not sent

  base::Deadline batch_deadline_;
  base::Clock::time_point read_at_ = base::Clock::now();  ///< when the caller last wrote something
  std::size_t replies_seen_ = 0;
};

}  // namespace sshsm::mailer
