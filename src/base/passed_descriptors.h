#pragma once

#include "base/descriptor.h"

#include <cstddef>
#include <span>
#include <vector>

namespace sshsm::base {

/// The most that one message carries.
inline constexpr std::size_t max_passed_descriptors = 17;

/// Sends `message` as one, and copies of `descriptors` with it (unix(7), SCM_RIGHTS): at most
/// `max_passed_descriptors`. False where the other end is closed.
[[nodiscard]] bool send_with_descriptors(int socket, std::span<const std::byte> message,
                                         std::span<const int> descriptors) noexcept;

/// Receives one message that fills `message`, and what came with it: close-on-exec, and owned by
/// `descriptors` whatever the message says. False where the other end is closed, or the message is
/// shorter.
[[nodiscard]] bool receive_with_descriptors(int socket, std::span<std::byte> message,
                                            std::vector<Descriptor>& descriptors);

}  // namespace sshsm::base
