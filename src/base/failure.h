#pragma once

#include "base/causes.h"

#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace sshsm::base {

/// The one exception type: thrown where the fact is known, caught in `main` or where a session
/// ends. It always means that the mail stays queued (exit status 75).
class Failure : public std::exception {
 public:
  /// `detail` is our own words about this case (a path, a number, a name); `peer_text` is what the
  /// far side said, as it came: it is made printable, cut and quoted only when it is shown.
  explicit Failure(Cause cause, std::string detail = {}, std::string peer_text = {});

  [[nodiscard]] Cause cause() const noexcept { return cause_; }
  [[nodiscard]] const std::string& detail() const noexcept { return detail_; }
  [[nodiscard]] const std::string& peer_text() const noexcept { return peer_text_; }
  [[nodiscard]] const char* what() const noexcept override;

 private:
  Cause cause_;
  std::string detail_;
  std::string peer_text_;
};

/// The longest line we write about one failure, without its line end.
inline constexpr std::size_t max_sentence = 500;
/// The most of a peer's text that is ever quoted.
inline constexpr std::size_t max_peer_text = 200;
/// The most of a destination's name that is ever shown; a valid one is no longer.
inline constexpr std::size_t max_named_destination = 64;
/// Who speaks to mail servers and their clients, whichever of our programs does: the one name that
/// they know us by.
inline constexpr std::string_view spokesman = "sshsm";

/// What the reader can do: the remedy of the row, with `destination` in a command that it names, so
/// that it can be pasted; where that is unknown or no plain name (a stranger may have chosen it,
/// and a shell would read it), `DEST` is left in its place. `program` is the one whose help it
/// names.
[[nodiscard]] std::string remedy_for(const CauseRow& row, std::string_view destination,
                                     std::string_view program = spokesman);

/// `cannot connect: 192.0.2.1 port 22: Connection refused; check …: "peer text"`: the sentence, the
/// detail, the remedy and last the peer's words, printable, at most `limit` octets. The detail is
/// cut first, since the remedy behind it, that of `remedy_for`, is what helps.
[[nodiscard]] std::string explain(const Failure& failure, std::string_view destination,
                                  std::size_t limit, std::string_view program = spokesman);

/// `sshsm: DEST (HOST): ` with the parts that are known.
[[nodiscard]] std::string speaker(std::string_view destination, std::string_view host,
                                  std::string_view program = spokesman);

/// The whole line: `4.4.1 sshsm: DEST (HOST): ` and the explanation, at most `max_sentence`. To
/// whoever started another `program` it is that one who speaks.
[[nodiscard]] std::string describe(const Failure& failure, std::string_view destination,
                                   std::string_view host, std::string_view program = spokesman);

/// What a line of `describe` said.
struct Description {
  Failure failure;
  std::string destination;
  std::string host;
};

/// The reverse of `describe`, for a line that another process of ours wrote: told again, it must be
/// the same sentence and not a quotation in another. No value where it is no such line.
[[nodiscard]] std::optional<Description> read_description(std::string_view line);

}  // namespace sshsm::base
