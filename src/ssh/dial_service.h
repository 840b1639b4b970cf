#pragma once

#include "base/causes.h"
#include "base/descriptor.h"
#include "base/failure.h"
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

/// What stands in the place of an address where a proxy-command made the connection.
inline constexpr std::string_view proxy_address = "proxy";

struct DialRequest {
  enum class Kind : std::uint32_t {
    connect,
    look_up,      ///< the addresses alone
    proxy_state,  ///< answered by a ProxyAnswer
  };
  Kind kind = Kind::connect;
  std::uint32_t milliseconds = 0;
  std::uint32_t left_out_count = 0;
  std::array<WireText<80>, 16> left_out{};
};

/// Carries the connected descriptor as ancillary data where `is_connected`, and `detail` is about
/// the addresses that did not take a connection. Where `is_found` it is the addresses, parted by
/// blanks, as many as find room.
struct DialAnswer {
  bool is_connected = false;
  bool is_found = false;
  DialRequest::Kind to = DialRequest::Kind::connect;  ///< what it answers
  base::Cause cause = base::Cause::internal_error;
  std::uint32_t others = 0;
  WireText<80> address;
  WireText<400> detail;
};

/// To `proxy_state`: `ProxyState` for the wire.
struct ProxyAnswer {
  static constexpr std::int32_t none = -1;
  std::int32_t exit_status = none;
  std::int32_t signal = none;
  WireText<256> error_output;
};

[[nodiscard]] DialAnswer dial_answer_to(const base::Failure& failure);

/// Sends it with the connection, or without one (-1). Ends this process where the parent has gone.
void send_dial_answer(int socket, const DialAnswer& answer, int connection);

/// The child's life: answers requests for its one `host` until the other end of `socket` is closed.
/// Never returns.
[[noreturn]] void serve_dials(const config::Destination& destination, const std::string& host,
                              base::Descriptor socket);

}  // namespace sshsm::ssh
