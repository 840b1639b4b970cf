#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sink {

/// The moments of a session at which a script can interfere.
enum class Step { greeting, ehlo, helo, mail, rcpt, data, bdat, dot, rset, noop, quit };
inline constexpr std::size_t step_count = 11;

/// What a rule does at its step.
enum class Verb {
  reply,       ///< answers with `text`, made a well-formed reply
  raw,         ///< answers with exactly the bytes of `text`
  flood,       ///< answers with the bytes of `text`, `number` times
  delay,       ///< waits `number` seconds before the answer
  stall,       ///< never answers
  die_before,  ///< ends without an answer
  die_after,   ///< ends behind the answer
  drop_after,  ///< takes the message (dot only), then ends without an answer
};

struct Rule {
  Verb verb{};
  Step step{};
  std::string path;   ///< with angle brackets; empty: any
  std::size_t nth{};  ///< 1 for the first time the step is reached; 0: every time
  std::string text;
  double number{};
};

/// A script as tests/README.md describes it.
struct Script {
  std::vector<Rule> rules;
  std::vector<std::string> offers{"PIPELINING", "8BITMIME", "SIZE 52428800", "ENHANCEDSTATUSCODES"};
  std::string printed_before_greeting;
  std::string stderr_text;
  std::size_t stderr_octets = 0;
  std::size_t die_inside = 0;    ///< octets of a message after which to end; 0: never
  std::size_t stall_inside = 0;  ///< octets of a message after which to read no more; 0: never
  int exit_status = 0;
  int signal = 0;  ///< ends by this signal instead of exit_status; 0: by exit
  bool is_strict = true;
  bool is_lax = false;  ///< any of CRLF, CR and LF ends lines and data; never with is_strict
  bool is_lax_354 = false;
  bool ignores_eof = false;

  /// The rule of that verb that holds now, or null.
  [[nodiscard]] const Rule* find(Verb verb, Step step, std::string_view path,
                                 std::size_t nth) const;
  /// True if EHLO's answer names this keyword.
  [[nodiscard]] bool offers_keyword(std::string_view keyword) const;
};

/// Reads a script. Throws std::runtime_error with the line's number for what it does not know: a
/// test whose script is misspelt must fail and not pass.
[[nodiscard]] Script parse_script(std::string_view text);

[[nodiscard]] std::string upper(std::string_view text);

}  // namespace sink
