#pragma once

#include "base/deadline.h"
#include "base/descriptor.h"
#include "base/failure.h"
#include "base/waiter.h"
#include "keeper/listener.h"
#include "mailer/setup.h"
#include "privilege/identity.h"
#include "ssh/dialler.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sshsm::keeper {

/// Where the configuration of the destination lies.
struct Place {
  std::string directory;
  std::string destination;
  privilege::Caller caller;
  std::string host_name;     ///< for EHLO where the configuration has none
  std::string metrics_file;  ///< until the first `load`; empty: none
};

/// What was read afresh, and who dials by it.
struct Loaded {
  mailer::Setup setup;
  std::unique_ptr<ssh::Dialler> dialler;
};

/// A child that does for the sandboxed keeper what needs files or new sockets, and reads no byte of
/// a peer or a client: it reads configuration, pins and key, forks those who dial, and hands log
/// lines to the log daemon. It knows the destination from before the fork: a keeper taken over by a
/// hostile peer can have that one configuration read again, and its hosts dialled, and nothing
/// else. It ends with the keeper, whatever ends him. Where it ends first, as by the kernel for want
/// of memory, the keeper can go on with what is in flight and begins nothing new.
class Attendant {
 public:
  /// Forks. Called as the mail user, before the sandbox. Throws `Failure` resources_exhausted.
  /// `listeners` are closed there, and the sockets of those that are not a supervisor's unlinked
  /// at its end.
  Attendant(const Place& place, const std::vector<Listener>& listeners);

  /// Configuration, pins and key as they are now. Throws the failures of the configuration, the
  /// pins and the key, answer_timed_out, and attendant_gone.
  [[nodiscard]] Loaded load(base::Waiter& waiter);

  /// Asks whether a file that `load` read has changed since. Returns the number of the question:
  /// once `answered` has come so far, what `has_change` says was true after this call. Several
  /// questions may share an answer.
  [[nodiscard]] std::uint64_t ask();
  [[nodiscard]] std::uint64_t answered() const { return answered_; }
  /// One of the answers since the last `load` said so.
  [[nodiscard]] bool has_change() const { return has_change_; }
  /// Readable when an answer is there, or the child is gone; `hear` takes it.
  [[nodiscard]] int descriptor() const { return questions_.get(); }
  void hear();
  /// Nothing will ever be answered.
  [[nodiscard]] bool is_gone() const { return !questions_; }
  /// When to think that a question will not be answered; `is_silent` from then until it is.
  [[nodiscard]] base::Deadline end_of_patience() const;
  [[nodiscard]] bool is_silent() const { return end_of_patience().passed(); }
  /// Why who waits for the answer need not wait on.
  [[nodiscard]] static base::Failure silence();

  /// Has the figures written to the metrics file. Nothing is waited for: false where the attendant
  /// is busy.
  bool write_metrics(std::string_view text);

  /// Takes log lines, each a message: a reserve for `base::Log`. Only once.
  [[nodiscard]] base::Descriptor take_log_socket() { return std::move(log_); }

 private:
  void send_question();
  void await_load(base::Waiter& waiter);
  /// To a request that was not waited for any more: what was read for it may be older than a pin's
  /// revocation, and each answer behind it would be taken for the one before.
  void drop_late_answer(base::Waiter& waiter);

  Place place_;
  base::Descriptor loads_;
  base::Descriptor questions_;
  base::Descriptor log_;
  base::Descriptor metrics_;
  std::uint64_t asked_ = 0;
  base::Clock::time_point asked_at_{};
  std::uint64_t answered_ = 0;
  bool is_asked_again_ = false;
  bool has_change_ = false;
  bool is_load_due_ = false;
};

}  // namespace sshsm::keeper
