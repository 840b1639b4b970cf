#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sink {

/// What the client sends: standard input by lines and by counts, with a copy of every byte as it
/// came in the transcript.
class Input {
 public:
  /// `transcript` is a descriptor, or -1 for none. A lax input knows no NUL, and takes a bare CR
  /// for the end of a line as well.
  Input(int transcript, bool is_lax) : transcript_(transcript), is_lax_(is_lax) {}

  /// True if bytes are there already, read or not.
  [[nodiscard]] bool is_waiting();
  /// A line without its LF; a CR before that is left to the caller. False at the end of the input.
  /// If lax, every line has its CR, whatever ended it.
  [[nodiscard]] bool read_raw_line(std::string& line);
  /// A line without CRLF or LF.
  [[nodiscard]] bool read_line(std::string& line);
  /// From 1 to `most` octets, valid until the next call; none at the end of the input.
  [[nodiscard]] std::string_view take(std::size_t most);

 private:
  bool fill();
  void take_for_line_ends(std::string_view bytes);

  int transcript_;
  bool is_lax_;
  bool is_behind_cr_ = false;  ///< if lax: an LF that comes next was told already
  std::string bytes_;
  std::size_t consumed_ = 0;  ///< how much of the front of bytes_ was used
};

}  // namespace sink
