#pragma once

#include <string_view>

namespace sshsm::fuzz {

/// What a target does with one input, which may be any octets: each target is one file that has
/// this function, and nothing else knows it. Ends the process, with a sentence on standard error,
/// where a law is broken.
void try_input(std::string_view input);

}  // namespace sshsm::fuzz
