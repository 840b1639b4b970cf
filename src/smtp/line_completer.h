#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sshsm::smtp {

/// Makes every line end of a text CRLF, across the borders of the pieces it comes in: a bare CR or
/// LF means what it does in a message that comes by DATA (`BodyReader`), so that it leaves as the
/// same lines whichever way it came.
class LineCompleter {
 public:
  /// At most twice as long.
  [[nodiscard]] std::string complete(std::string_view piece);
  /// The line end that the last line lacks, or nothing.
  [[nodiscard]] std::string_view end();

 private:
  [[nodiscard]] std::size_t step(std::string_view piece, std::string& lines);

  char last_ = '\n';
};

}  // namespace sshsm::smtp
