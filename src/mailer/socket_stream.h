#pragma once

#include "base/descriptor.h"
#include "base/stream.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace sshsm::mailer {

/// A connected stream socket of this machine as a byte stream.
class SocketStream final : public base::ByteStream {
 public:
  /// With so much unread nothing more is taken; the other end waits.
  static constexpr std::size_t max_received = 256 * 1024;

  /// The socket does not block.
  explicit SocketStream(base::Descriptor socket) : socket_(std::move(socket)) {}

  [[nodiscard]] pollfd interest() override;
  [[nodiscard]] base::Deadline next_progress() const override { return base::Deadline::never(); }
  /// Throws nothing: a connection that breaks has ended, and what came before counts.
  void progress() override;
  /// At least one octet where it would not block as far as is known.
  [[nodiscard]] std::size_t writable() const override;
  [[nodiscard]] std::size_t write(std::string_view bytes) override;
  [[nodiscard]] std::string_view received() const override { return received_; }
  void consume(std::size_t count) override { received_.erase(0, count); }
  [[nodiscard]] bool ended() const override { return is_ended_; }

 private:
  base::Descriptor socket_;
  std::string received_;
  bool is_full_ = false;  ///< the socket takes nothing more for now
  bool is_ended_ = false;
};

}  // namespace sshsm::mailer
