#pragma once

#include "base/descriptor.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sshsm::admin {

/// A longer answer is cut: what is asked for has 50 characters.
inline constexpr std::size_t max_answer = 1024;

/// Where a person sits: /dev/tty, or standard input where that is a terminal.
class Terminal {
 public:
  /// Nothing where nobody sits anywhere.
  [[nodiscard]] static std::optional<Terminal> open();
  explicit Terminal(base::Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

  /// Shows text that is printable already, as far as it can.
  void show(std::string_view text) const;
  /// One line, without its end and with whatever bytes were typed; nothing at the end of input.
  [[nodiscard]] std::optional<std::string> read_line() const;

 private:
  base::Descriptor descriptor_;
};

}  // namespace sshsm::admin
