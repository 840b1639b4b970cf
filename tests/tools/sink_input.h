#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sink {

/// What the client sends: standard input by lines and by counts, with a copy of every byte as it
/// came in the transcript.
class Input {
 public:
  /// `transcript` is a descriptor, or -1 for none.
  explicit Input(int transcript) : transcript_(transcript) {}

  /// True if bytes are there already, read or not.
  [[nodiscard]] bool is_waiting();
  /// A line without its LF; a CR before that is left to the caller. False at the end of the input.
  [[nodiscard]] bool read_raw_line(std::string& line);
  /// A line without CRLF or LF.
  [[nodiscard]] bool read_line(std::string& line);
  /// From 1 to `most` octets, valid until the next call; none at the end of the input.
  [[nodiscard]] std::string_view take(std::size_t most);

 private:
  bool fill();

  int transcript_;
  std::string bytes_;
  std::size_t consumed_ = 0;  ///< how much of the front of bytes_ was used
};

}  // namespace sink
