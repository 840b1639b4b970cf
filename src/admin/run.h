#pragma once

#include <span>

namespace sshsm::admin {

/// The whole of `sshsmctl`: `words` is argv without the program's name. Gives the exit status: 0,
/// or 1 after one sentence on standard error. Throws nothing.
[[nodiscard]] int run(std::span<char* const> words) noexcept;

}  // namespace sshsm::admin
