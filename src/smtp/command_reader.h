#pragma once

#include "smtp/body_reader.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sshsm::smtp {

/// Whether a command line begins with this verb, in whatever case (RFC 5321 2.4).
[[nodiscard]] bool has_verb(std::string_view line, std::string_view verb) noexcept;

/// Reads command lines from somebody who speaks SMTP to us: a mail server, a program, a person, a
/// file.
///
/// The first line says whether lines end in CRLF or LF, and only that ends a line from there on: a
/// line end of the other kind stays in the line, as the control that it then is.
class CommandReader {
 public:
  /// A line with all its parameters, without its line end. RFC 5321 4.5.3.1.4 allows 512; addresses
  /// and parameters of extensions make it longer.
  static constexpr std::size_t max_line = 4096;

  struct Line {
    std::string text;          ///< without its line end; what fits of one that is too long
    bool is_too_long = false;  ///< longer than `max_line`
  };

  /// Takes bytes from the front of `bytes`, up to the next line feed at most, and gives the line if
  /// that ended it.
  [[nodiscard]] std::optional<Line> read(std::string_view& bytes);

  /// Nothing before the first line was read.
  [[nodiscard]] std::optional<LineEnd> line_end() const noexcept { return line_end_; }
  /// The beginning of a line whose end did not come yet: as much as fits.
  [[nodiscard]] const std::string& unfinished_line() const noexcept { return line_; }
  /// That beginning is too long already.
  [[nodiscard]] bool is_too_long() const noexcept;

 private:
  void add(std::string_view piece);
  [[nodiscard]] bool is_ended() const noexcept;
  [[nodiscard]] Line take_line();

  std::optional<LineEnd> line_end_;
  std::string line_;      ///< up to `max_line` octets, a CR and one more
  std::size_t size_ = 0;  ///< of the line, with what did not fit
  bool has_cr_ = false;   ///< the octet before the last one is a CR
  char last_ = '\0';      ///< the last octet
};

}  // namespace sshsm::smtp
