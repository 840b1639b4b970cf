#pragma once

#include "base/deadline.h"

#include <poll.h>

#include <cstddef>
#include <string_view>

namespace sshsm::base {

/// A two-way flow of bytes that never blocks: an SSH channel, a socket. Whoever owns the loop polls
/// what `interest` says together with his other descriptors, and calls `progress` after every poll,
/// also after one that timed out. All calls may throw `Failure` when the line broke; bytes that
/// came before are still in `received`.
class ByteStream {
 public:
  ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  virtual ~ByteStream() = default;

  /// What to give to poll(2) now.
  [[nodiscard]] virtual pollfd interest() = 0;
  /// When `progress` wants to be called though nothing happened (keepalives).
  [[nodiscard]] virtual Deadline next_progress() const = 0;
  /// Moves bytes both ways as far as they go without waiting.
  virtual void progress() = 0;

  /// How many bytes `write` would take now.
  [[nodiscard]] virtual std::size_t writable() const = 0;
  /// Takes up to `writable()` bytes from the front of `bytes` and says how many.
  [[nodiscard]] virtual std::size_t write(std::string_view bytes) = 0;

  /// Bytes that came and were not consumed.
  [[nodiscard]] virtual std::string_view received() const = 0;
  virtual void consume(std::size_t count) = 0;
  /// True when the peer will send no more than what is in `received`.
  [[nodiscard]] virtual bool ended() const = 0;
};

}  // namespace sshsm::base
