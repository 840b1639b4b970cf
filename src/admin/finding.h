#pragma once

#include "base/deadline.h"
#include "base/failure.h"

#include <optional>
#include <string>
#include <string_view>

namespace sshsm::admin {

/// Why a step of `check` failed, in the words of the program that carries the mail.
struct Fault {
  std::string cause;     ///< `class=` in the log; `refused` or `deferred` for a reply
  std::string sentence;  ///< the whole line that sshsm would say, with its code in front
  std::string remedy;    ///< what to do, without a full stop
};

/// What one step of `check` saw. Everything in it is printable ASCII.
struct Finding {
  std::string seen;
  std::optional<Fault> fault = std::nullopt;
  /// Where that was earlier than the return of its function.
  std::optional<base::Clock::time_point> ended_at = std::nullopt;
};

/// A step that is over.
struct StepReport {
  std::string_view step;
  Finding finding;
  base::Milliseconds took{};
};

}  // namespace sshsm::admin
