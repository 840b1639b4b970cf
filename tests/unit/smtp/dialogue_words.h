#pragma once

#include "smtp/outcome.h"
#include "smtp/wait.h"

#include <string>
#include <string_view>
#include <vector>

namespace sshsm::smtp {

/// How the dialogues write things down (tests/dialogues/README.md).

[[nodiscard]] std::string_view name_of(Wait wait);

/// `<bob@b.example> 5.1.1 cause 550 5.1.1 no such user`
[[nodiscard]] std::string line_of(const MessageOutcome& outcome, const RecipientOutcome& recipient);

/// `refused envelope`, with the cause's name behind it where a failure decided.
[[nodiscard]] std::string heading_of(const MessageOutcome& outcome);

[[nodiscard]] std::string joined_by_blanks(const std::vector<std::string>& words);

}  // namespace sshsm::smtp
