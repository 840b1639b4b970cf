#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sshsm::smtp {

/// What ends the lines of a batch.
enum class LineEnd { crlf, lf };

/// Reads one body up to its final dot: unstuffs it and makes every line end CRLF. Only the line end
/// of the batch begins a new line, so only behind it is a dot stuffing or the end; a bare CR or LF
/// inside a line becomes CRLF in what comes out and means nothing here.
class BodyReader {
 public:
  explicit BodyReader(LineEnd line_end) : line_end_(line_end) {}

  /// Takes bytes from the front of `bytes`, appends the canonical body to `body` up to `max_body`
  /// octets, and says how many it took: fewer than all when `body` is full or the final dot came.
  [[nodiscard]] std::size_t read(std::string_view bytes, std::string& body, std::size_t max_body);

  /// The final dot was read, with its line end.
  [[nodiscard]] bool is_complete() const noexcept { return state_ == State::complete; }
  /// Lines read so far, as the batch counts them, with that of the final dot.
  [[nodiscard]] std::size_t line_count() const noexcept { return line_count_; }

  /// The most that one octet of a batch becomes: a body with less room takes nothing more.
  static constexpr std::size_t max_growth = 2;

 private:
  enum class State {
    line_start,
    dot,     ///< a dot at the start of a line: stuffing or the end
    dot_cr,  ///< such a dot and a CR, where lines end in CRLF
    in_line,
    cr,  ///< a CR: bare, or the first half of a line end
    complete,
  };

  [[nodiscard]] std::size_t step(std::string_view bytes, std::string& body, std::size_t max_body);
  [[nodiscard]] std::size_t step_line_start(std::string_view bytes, std::string& body,
                                            std::size_t max_body);
  /// Whole lines that need no change, at the front: most of most bodies, to be taken at once.
  [[nodiscard]] std::string_view take_lines(std::string_view bytes);
  [[nodiscard]] std::size_t step_dot(char c);
  [[nodiscard]] std::size_t step_dot_cr(char c, std::string& body);
  [[nodiscard]] std::size_t step_line(std::string_view bytes, std::string& body,
                                      std::size_t max_body);
  [[nodiscard]] std::size_t step_cr(char c, std::string& body);
  void end_line(State next);

  LineEnd line_end_;
  State state_ = State::line_start;
  std::size_t line_count_ = 0;
};

}  // namespace sshsm::smtp
