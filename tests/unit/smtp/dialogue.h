#pragma once

#include "smtp/envelope.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::smtp {

/// One thing that happens, or that must be so, in a dialogue file (tests/dialogues/README.md).
struct Step {
  std::size_t line = 0;            ///< in the file
  std::string verb;                ///< `S`, `C`, `message`, `outcome`, ...
  std::vector<std::string> words;  ///< behind the verb
  std::vector<std::string> lines;  ///< of an S or C group, a body, the recipients of an outcome
};

/// One conversation.
struct Dialogue {
  std::string title;
  std::vector<Step> steps;
};

/// The dialogues of one file, each with the file's common opening. Throws `std::runtime_error` with
/// the line for what is not in the notation.
[[nodiscard]] std::vector<Dialogue> parse_dialogues(std::string_view text);

/// The envelope in the words of a `message` or `stream` step.
[[nodiscard]] Envelope envelope_of(const Step& step);

/// Lines with CRLF behind each.
[[nodiscard]] std::string joined(const std::vector<std::string>& lines);

}  // namespace sshsm::smtp
