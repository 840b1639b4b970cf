#pragma once

#include "config/destination.h"
#include "config/keys.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace sshsm::config {

/// A DNS name (RFC 1035 2.3.4), and the limit for whatever is used like one.
inline constexpr std::size_t max_name = 253;

/// What is wrong with the value: `port: "0" is not a number from 1 to 65535`. Empty where it is
/// good.
[[nodiscard]] std::string fault_of(const Key& key, std::string_view value);

/// Puts a value that has no fault where it belongs; the values of a repeatable key add up. Relative
/// paths are made to lie in `directory`.
void apply(const Key& key, std::string_view value, std::string_view directory,
           Destination& destination);

}  // namespace sshsm::config
