#pragma once

#include "admin/finding.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace sshsm::admin {

/// A step as the mail user's process tells it to its parent. That process has met the peer and may
/// be his by now, so that nothing in a record is believed but its form: the step is one of ours and
/// every text is printable, one line and short.
struct StepRecord {
  /// The most octets of one text.
  static constexpr std::size_t max_text = 1000;

  std::size_t index = 0;  ///< of the step in the table
  std::string host;       ///< the one in hand, or empty
  Finding finding;        ///< without `ended_at`
  base::Milliseconds took{};
};

[[nodiscard]] std::string write_record(const StepRecord& record);

/// `step_count` is the size of the table. Throws `Failure` internal_error for anything that is no
/// record.
[[nodiscard]] StepRecord read_record(std::string_view text, std::size_t step_count);

}  // namespace sshsm::admin
