#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace sshsm::smtp {

/// `text` in pieces of `size` octets.
inline std::vector<std::string_view> pieces_of(std::string_view text, std::size_t size) {
  std::vector<std::string_view> pieces;
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size())))
    pieces.push_back(text.substr(0, size));
  return pieces;
}

/// Calls `check` with `text` whole, cut in two at every octet, and octet by octet: whoever reads a
/// stream must not care how it arrives.
template <class Check>
void with_every_cut(std::string_view text, Check check) {
  check(std::vector{text});
  for (std::size_t cut = 1; cut < text.size(); ++cut)
    check(std::vector{text.substr(0, cut), text.substr(cut)});
  check(pieces_of(text, 1));
}

}  // namespace sshsm::smtp
