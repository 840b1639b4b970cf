#pragma once

#include "smtp/envelope.h"

#include <cstddef>
#include <functional>
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

/// The words that a kind of dialogue is written in.
struct Notation {
  /// Marks of lines that make one step with those of the same mark above them: `S:`.
  std::vector<std::string_view> marks;
  std::vector<std::string_view> verbs;  ///< of all other steps
};

/// The dialogues of one file, each with the file's common opening. Throws `std::runtime_error` with
/// the line for what is not in the notation.
[[nodiscard]] std::vector<Dialogue> parse_dialogues(std::string_view text,
                                                    const Notation& notation);

/// Calls `play` with each dialogue of each `.txt` in the directory, whole and in small pieces:
/// `piece` is how many octets may arrive together. There must be at least `least` files.
void for_each_dialogue(const std::string& directory, std::size_t least, const Notation& notation,
                       const std::function<void(const Dialogue&, std::size_t piece)>& play);

/// The envelope in the words of a `message` or `stream` step.
[[nodiscard]] Envelope envelope_of(const Step& step);

/// Lines with CRLF behind each.
[[nodiscard]] std::string joined(const std::vector<std::string>& lines);

}  // namespace sshsm::smtp
