#pragma once

#include "base/causes.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::smtp {

/// One reply of a mail server (RFC 5321 4.2), all its lines.
struct Reply {
  /// The class says what to do (RFC 5321 4.3.2); the rest only says why.
  static constexpr int done = 2;
  static constexpr int go_ahead = 3;
  static constexpr int deferred = 4;
  static constexpr int refused = 5;

  int code = 0;                    ///< 200 to 599
  std::vector<std::string> lines;  ///< without the code; the peer's bytes, not printable yet

  [[nodiscard]] int code_class() const noexcept { return code / 100; }
  [[nodiscard]] bool is_refusal() const noexcept { return code_class() >= deferred; }
  /// The peer hangs up after this one, whatever it answers (RFC 5321 3.8).
  [[nodiscard]] bool is_hang_up() const noexcept { return code == 421; }
};

/// The RFC 3463 code: the one the text begins with if its class is the reply's, else `class.0.0`.
[[nodiscard]] std::string status_code(const Reply& reply);

/// The same RFC 3463 code in class 4: the mail stays queued.
[[nodiscard]] std::string as_deferred(std::string code);

/// What is kept of a reply: one is stored for each recipient, and the peer chooses its length.
inline constexpr std::size_t max_reply_text = 512;

/// Its lines as they are written, without line ends: `250-first`, `250 last`.
[[nodiscard]] std::vector<std::string> lines_of(const Reply& reply);

/// `550 5.1.1 no such user`: one line, several joined by a blank, cut at `max_reply_text` octets.
[[nodiscard]] std::string text_of(const Reply& reply);

/// Bytes in, replies out, strictly by the grammar of RFC 5321 4.2; lines may end in CRLF or LF.
class ReplyReader {
 public:
  /// A line without its line end. RFC 5321 4.5.3.1.5 allows 512; real ones quote whole addresses.
  static constexpr std::size_t max_line = 2048;
  static constexpr std::size_t max_lines = 100;
  /// All lines of one reply together.
  static constexpr std::size_t max_reply = 65536;

  /// Takes bytes from the front of `bytes`, up to the end of one reply at most, and gives that
  /// reply once it is complete. Throws `Failure` of cause `if_malformed`, the line as its peer
  /// text, for anything that is no reply or passes a limit.
  [[nodiscard]] std::optional<Reply> read(std::string_view& bytes,
                                          base::Cause if_malformed = base::Cause::reply_malformed);

  /// The beginning of a line whose end did not come yet.
  [[nodiscard]] std::string_view unfinished_line() const noexcept { return line_; }

 private:
  [[nodiscard]] bool take_line(std::string_view& bytes, base::Cause if_malformed);
  [[nodiscard]] bool add_line(std::string_view line, base::Cause if_malformed);

  std::string line_;
  Reply reply_;
  std::size_t reply_size_ = 0;
};

}  // namespace sshsm::smtp
