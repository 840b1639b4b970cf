#pragma once

#include "base/causes.h"
#include "base/descriptor.h"
#include "config/destination.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sshsm::ssh {

/// A short text inside a message between the parent and the dialler. Both are the same program at
/// the same moment, so plain memory is the format.
template <std::size_t size>
struct WireText {
  std::array<char, size> bytes{};

  void assign(std::string_view text) {
    bytes.fill('\0');
    text.copy(bytes.data(), size - 1);
  }
  /// Safe also when a hostile sender left out the final NUL.
  [[nodiscard]] std::string_view view() const {
    const std::string_view whole(bytes.data(), size);
    return whole.substr(0, whole.find('\0'));
  }
};

struct DialRequest {
  bool is_look_up = false;  ///< for the addresses alone
  std::uint32_t milliseconds = 0;
  std::uint32_t left_out_count = 0;
  std::array<WireText<80>, 16> left_out{};
};

/// Carries the connected descriptor as ancillary data where `is_connected`. Where `is_found` the
/// detail is the addresses, parted by blanks, as many as find room.
struct DialAnswer {
  bool is_connected = false;
  bool is_found = false;
  bool is_to_look_up = false;  ///< what kind of request it answers
  base::Cause cause = base::Cause::internal_error;
  std::uint32_t others = 0;
  WireText<80> address;
  WireText<400> detail;
};

/// The child's life: answers requests for its one `host` until the other end of `socket` is closed.
/// Never returns.
[[noreturn]] void serve_dials(const config::Destination& destination, const std::string& host,
                              base::Descriptor socket);

}  // namespace sshsm::ssh
