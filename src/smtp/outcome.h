#pragma once

#include "base/failure.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::smtp {

/// What became of a message or of one of its recipients.
enum class Fate {
  accepted,  ///< 2yz to the final dot
  refused,   ///< refused for good, by the mail server itself
  deferred,  ///< everything else
};

/// Where in the conversation: `phase=` in the log.
enum class Phase { greeting, hello, envelope, data, dot };
[[nodiscard]] std::string_view name_of(Phase phase) noexcept;

struct RecipientOutcome {
  std::string path;  ///< with its angle brackets
  Fate fate = Fate::deferred;
  std::string code;  ///< RFC 3463; class 4 when the whole message is deferred
  /// The reply in one line; the peer's bytes, not printable yet.
  std::string reason;
  bool is_cause = false;  ///< its own reply decided the message's fate; the others just share it
};

/// All or nothing: one fate for the message, and what to say of each recipient.
struct MessageOutcome {
  Fate fate = Fate::deferred;
  Phase phase = Phase::envelope;
  std::vector<RecipientOutcome> recipients;
  /// Set where no reply decided it but a failure of ours or of the line: every recipient's reason,
  /// which is then empty.
  std::optional<base::Failure> failure;
};

}  // namespace sshsm::smtp
