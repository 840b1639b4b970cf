#pragma once

#include "base/exit_status.h"
#include "base/failure.h"
#include "smtp/outcome.h"

#include <cstddef>
#include <string>
#include <vector>

namespace sshsm::mailer {

/// What standard error is told at the end: nothing when all went well, else one line per refused
/// recipient and per failure. Every line begins with an RFC 3463 code, since Postfix's pipe(8) lets
/// the first one override the exit status: hence class 4 everywhere when the status is 75. Exim
/// kills a command that says too much and bounces its mail: hence a limit on all together.
class Report {
 public:
  static constexpr std::size_t max_total = 2048;

  Report(std::string destination, std::string host)
      : destination_(std::move(destination)), host_(std::move(host)) {}

  /// The host that the lines to come are about.
  void set_host(const std::string& host) { host_ = host; }

  void add(const smtp::MessageOutcome& outcome);
  void add(const base::Failure& failure);
  /// The same as the first line, which no other can push out; it is said only once.
  void begin_with(const base::Failure& failure);

  /// The worst of all that was added; deferred where nothing was.
  [[nodiscard]] base::ExitStatus exit_status() const;
  /// True when some line explains why mail stays queued.
  [[nodiscard]] bool tells_of_deferral() const;
  /// The lines, each with its line end; empty where the status is accepted.
  [[nodiscard]] std::string text() const;

 private:
  struct Line {
    std::string code;
    std::string rest;

    friend bool operator==(const Line&, const Line&) = default;
  };

  [[nodiscard]] Line line_of(const base::Failure& failure) const;
  void add_line(Line line);
  void add_status(base::ExitStatus status);

  std::string destination_;
  std::string host_;
  std::vector<Line> lines_;
  std::size_t left_out_ = 0;
  bool has_status_ = false;
  base::ExitStatus status_ = base::ExitStatus::accepted;
};

}  // namespace sshsm::mailer
