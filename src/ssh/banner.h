#pragma once

#include "base/deadline.h"
#include "base/waiter.h"

#include <string>

namespace sshsm::ssh {

/// What a fresh connection had to say before its SSH identification.
struct BannerWait {
  enum class End { banner, silent, closed };
  End end = End::silent;
  std::string text;  ///< lines before the banner, or instead of it ("Exceeded MaxStartups")
};

/// Waits until the next bytes of the connection are `SSH-`, without consuming those; lines before
/// them (RFC 4253 4.2 allows some) are taken away and kept, 8 KiB at most. A close or reset is told
/// apart from silence: the former is what sshd does to connections beyond MaxStartups.
[[nodiscard]] BannerWait wait_for_banner(int connection, base::Deadline deadline,
                                         base::Waiter& waiter);

}  // namespace sshsm::ssh
