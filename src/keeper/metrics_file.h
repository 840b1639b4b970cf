#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace sshsm::keeper {

/// The figures for Prometheus' textfile collector. A reader finds the old text or the new one, and
/// never half of either.
class MetricsFile {
 public:
  /// Empty: there is none, and nothing is written.
  explicit MetricsFile(std::string path) : path_(std::move(path)) {}

  /// Gives the errno of what went wrong, or 0.
  [[nodiscard]] int write(std::string_view text);
  /// They go to another file from now on, those written last at once. The old file goes away: a
  /// collector that finds the same figures twice takes neither.
  [[nodiscard]] int move_to(const std::string& path);
  /// The keeper is gone: the figures stay, but the line is down.
  [[nodiscard]] int write_end();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::string last_;
};

}  // namespace sshsm::keeper
