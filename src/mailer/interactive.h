#pragma once

#include "base/exit_status.h"
#include "base/log.h"
#include "base/trace.h"
#include "mailer/caller.h"
#include "mailer/delivery_log.h"
#include "mailer/line.h"
#include "mailer/probation.h"
#include "smtp/intermediary.h"
#include "smtp/observer.h"

#include <memory>
#include <optional>
#include <string>

namespace sshsm::mailer {

/// The front end of -bs and --lmtp, and of a call without a mode until it shows that it is a batch:
/// wires the caller and the channel of the forced command to `smtp::Relay` or `smtp::Server`.
class Interactive {
 public:
  /// All references outlive it.
  Interactive(Line& line, Caller& caller, base::Log& log, base::Trace& trace);

  /// Carries the session of a caller who asked for one. Every failure is told to him as 421 and
  /// logged; none is thrown.
  [[nodiscard]] base::ExitStatus run();
  /// The same for a caller who asked for LMTP.
  [[nodiscard]] base::ExitStatus run_lmtp();

  /// The same for a caller who named no mode. Nothing where he turns out to write a batch: `taken`
  /// is then what he wrote, and nothing was said on the line. Throws the failures of opening it
  /// where he has begun to write by then, since he does not read replies.
  [[nodiscard]] std::optional<base::ExitStatus> try_to_run();
  [[nodiscard]] std::string taken() const;

 private:
  using Intermediary = std::unique_ptr<smtp::Intermediary>;
  [[nodiscard]] base::ExitStatus run_with(Intermediary (Interactive::*make)() const);
  [[nodiscard]] Intermediary make_relay() const;
  [[nodiscard]] Intermediary make_patient_relay() const;
  [[nodiscard]] Intermediary make_lmtp_server() const;
  [[nodiscard]] smtp::Observer observer() const;
  void open(Intermediary (Interactive::*make)() const);
  void converse();
  [[nodiscard]] bool is_batch() const;

  void feed();
  void send_output();
  void tell_caller();
  /// True where something was not accepted.
  bool take_outcomes();
  void wait_for_events();
  void receive();
  void check_deadlines();
  void check_caller();
  void replace_channel();
  [[nodiscard]] bool has_news();
  [[nodiscard]] base::Deadline end_of_patience() const;
  [[nodiscard]] base::Deadline end_of_turn() const;

  void lose(const base::Failure& failure);
  void hear_the_last();
  void record_loss();
  [[nodiscard]] base::ExitStatus end_session();

  Line& line_;
  Caller& caller_;
  base::Trace& trace_;
  DeliveryLog log_;
  std::optional<Probation> probation_;
  Intermediary session_;
  Timeline timeline_;  ///< of the message in hand
  std::size_t replies_seen_ = 0;
  base::Clock::time_point told_at_ = base::Clock::now();   ///< when the caller last took something
  base::Clock::time_point moved_at_ = base::Clock::now();  ///< when it last was not his turn
  bool has_heard_ = false;                                 ///< anything from the mail server
  bool is_loss_recorded_ = false;
  bool is_input_left_ = false;  ///< the session did not take all that the caller said
};

}  // namespace sshsm::mailer
