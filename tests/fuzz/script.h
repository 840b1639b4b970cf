#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace sshsm::fuzz {

/// What happens on a line, one thing after the other: octets from 0xf0 are orders, all between two
/// of them is said by the mail server or by the caller, whose turn it is. So a mutation anywhere
/// leaves a script that means something.
enum class Order : unsigned char {
  caller_speaks = 0xf0,
  server_speaks,
  input_ends,
  line_is_lost,
  nothing_is_sent,  ///< from here on, to the mail server
  all_is_sent,      ///< from here on
  one_octet_is_sent,
  half_is_sent,
  nothing_is_told,  ///< from here on the caller takes nothing
  all_is_told,
  said_again,      ///< what was said last, fifty times
  octet_by_octet,  ///< arrives what is said from here on
  whole,
  channel_ends,
  caller_is_idle,
  line_by_line,
};

struct Act {
  bool is_order = false;
  Order order{};
  std::string_view text;
};

class Script {
 public:
  explicit Script(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }

  [[nodiscard]] Act next() {
    const auto is_order = [](char c) { return static_cast<unsigned char>(c) >= 0xf0; };
    if (is_order(rest_.front())) {
      const Act act{true, static_cast<Order>(static_cast<unsigned char>(rest_.front())), {}};
      rest_.remove_prefix(1);
      return act;
    }
    const auto* const end = std::find_if(rest_.begin(), rest_.end(), is_order);
    const Act act{false, {}, rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()))};
    rest_.remove_prefix(act.text.size());
    return act;
  }

 private:
  std::string_view rest_;
};

/// Takes the next piece from the front of what is said, as it arrives since `order` was given.
[[nodiscard]] inline std::string_view take_piece(std::string_view& text, Order order) {
  std::size_t size = text.size();
  if (order == Order::octet_by_octet) size = 1;
  if (order == Order::line_by_line) size = std::min(text.find('\n'), size - 1) + 1;
  const std::string_view piece = text.substr(0, size);
  text.remove_prefix(piece.size());
  return piece;
}

/// How many octets a script may say in all with what is said again.
inline constexpr std::size_t max_said = 3 * 1024 * 1024;

}  // namespace sshsm::fuzz
