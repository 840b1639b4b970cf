#pragma once

#include "base/causes.h"
#include "base/descriptor.h"
#include "base/passed_descriptors.h"
#include "keeper/attendant.h"
#include "ssh/dial_service.h"

#include <cstddef>
#include <string>
#include <vector>

namespace sshsm::keeper {

/// The child's ends of its socket pairs; each keeps the borders of messages.
struct AttendantSockets {
  base::Descriptor loads;
  base::Descriptor questions;
  base::Descriptor log;
  base::Descriptor metrics;
};

/// What the keeper sends: one octet. Nothing of it is looked at.
inline constexpr char request_word = '?';
/// What answers a question.
inline constexpr char changed_word = 'y';
inline constexpr char unchanged_word = 'n';

/// Answers a request to load. Where `is_loaded`, the descriptor of the file texts comes with it as
/// ancillary data, and behind it one socket for each host of the destination.
struct LoadAnswer {
  bool is_loaded = false;
  base::Cause cause = base::Cause::internal_error;
  ssh::WireText<1000> detail;
};

static_assert(config::max_hosts + 1 <= base::max_passed_descriptors);

inline constexpr std::size_t max_log_line = 4096;
inline constexpr std::size_t max_metrics = 16384;

/// The child's life, until the other end of its sockets is closed; then it unlinks what lies at
/// `paths`. The lock of the destination's keeper is still held by then, since the child has it
/// too. Never returns.
[[noreturn]] void attend(const Place& place, AttendantSockets sockets,
                         const std::vector<std::string>& paths);

}  // namespace sshsm::keeper
