#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sshsm::ssh {

/// What a channel received and nobody has consumed yet.
class ReceivedBytes {
 public:
  /// Far more than the answers to all that a mail client says at once. libssh opens the window
  /// again for whatever it hands over, so a peer who sends on while we wait for something else of
  /// his, such as his answer to the request to run the command, could have all our memory.
  static constexpr std::size_t max_size = 256 * 1024;

  /// Keeps bytes; one past the limit is a flood, of which nothing more is kept.
  void append(std::string_view bytes);
  [[nodiscard]] bool is_flooded() const noexcept { return is_flooded_; }
  [[nodiscard]] std::string_view view() const noexcept;
  void consume(std::size_t count);

 private:
  std::string bytes_;
  std::size_t consumed_ = 0;
  bool is_flooded_ = false;
};

}  // namespace sshsm::ssh
