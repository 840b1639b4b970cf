#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sshsm::smtp {

/// Bytes on their way to the peer, each with its place in all that was ever written, so that it can
/// be told whether the peer may have seen a command when something comes from him.
class OutputBuffer {
 public:
  void append(std::string_view command);
  /// The same for a piece of a message.
  void append_body(std::string_view piece);

  [[nodiscard]] std::string_view unsent() const noexcept;
  void sent(std::size_t count);
  /// Forgets what was not sent: the line is lost.
  void drop_unsent();

  /// Octets written and octets sent since the beginning.
  [[nodiscard]] std::uint64_t written() const noexcept { return sent_ + unsent().size(); }
  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }
  [[nodiscard]] bool has_unsent_body() const noexcept { return sent_ < body_end_; }

 private:
  std::string bytes_;
  std::size_t start_ = 0;  ///< of what is unsent in `bytes_`
  std::uint64_t sent_ = 0;
  std::uint64_t body_end_ = 0;
};

}  // namespace sshsm::smtp
