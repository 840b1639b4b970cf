#pragma once

#include "base/deadline.h"
#include "base/patience.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace sshsm::base {

/// What `-v` shows: one line per event, with the milliseconds since the start. Message content
/// never is among it. A pipe gets at most `max_trace_on_pipe` octets in all, since Exim kills a
/// command that writes more than 20 K and bounces its mail.
class Trace {
 public:
  static constexpr std::size_t max_trace_on_pipe = 8192;

  /// A silent one.
  Trace() = default;
  /// Writes to `descriptor`, which it does not own.
  explicit Trace(int descriptor);

  /// One that keeps its lines, as many as a pipe gets, until `speak_to` says where they go.
  [[nodiscard]] static Trace withheld();

  /// Says what was withheld to this descriptor, and from now on everything. Does nothing to a
  /// silent one.
  void speak_to(int descriptor);

  [[nodiscard]] bool is_on() const noexcept { return descriptor_ >= 0 || is_withheld_; }
  /// Our own words.
  void note(std::string_view text);
  /// A line of the conversation: `<` came from the peer, `>` went to him.
  void dialogue(char direction, std::string_view text);

 private:
  void write_line(std::string_view text);
  void write(std::string_view line);

  static constexpr Milliseconds max_patience{1000};

  int descriptor_ = -1;
  Patience patience_{max_patience};
  std::size_t at_once_ = 1;
  std::size_t left_ = max_trace_on_pipe;
  bool is_unlimited_ = false;
  bool is_withheld_ = false;
  std::string kept_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace sshsm::base
