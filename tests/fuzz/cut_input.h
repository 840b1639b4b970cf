#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace sshsm::fuzz {

/// An input whose beginning says how the rest of it arrives: its first octet how many sizes follow,
/// and each size is that of one piece, in turn and again from the first; without any the rest
/// arrives octet by octet. A size is one more than its octet.
class CutInput {
 public:
  explicit CutInput(std::string_view input) {
    constexpr std::size_t max_sizes = 15;
    if (input.empty()) return;
    const std::size_t count = static_cast<unsigned char>(input.front()) & max_sizes;
    sizes_ = input.substr(1, count);
    text_ = input.substr(1 + sizes_.size());
  }

  [[nodiscard]] std::string_view text() const { return text_; }

  [[nodiscard]] std::vector<std::string_view> pieces() const {
    std::vector<std::string_view> pieces;
    std::string_view rest = text_;
    for (std::size_t i = 0; !rest.empty(); ++i) {
      pieces.push_back(rest.substr(0, size_at(i)));
      rest.remove_prefix(pieces.back().size());
    }
    return pieces;
  }

 private:
  [[nodiscard]] std::size_t size_at(std::size_t index) const {
    if (sizes_.empty()) return 1;
    return static_cast<unsigned char>(sizes_[index % sizes_.size()]) + std::size_t{1};
  }

  std::string_view sizes_;
  std::string_view text_;
};

}  // namespace sshsm::fuzz
