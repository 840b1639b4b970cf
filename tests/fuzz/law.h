#pragma once

#include <string_view>

namespace sshsm::fuzz {

/// Aborts with the sentence, and what was seen behind it, unless it holds.
void require(bool holds, std::string_view law, std::string_view seen = {});

[[noreturn]] void break_law(std::string_view law, std::string_view seen = {});

}  // namespace sshsm::fuzz
