#pragma once

#include "admin/arguments.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::admin {

/// More friends than this are only counted.
inline constexpr std::size_t max_listed = 1000;

/// The destinations among the names of a directory, in order: `friend` for `friend.conf`. What is
/// no destination's name, sshsm.conf among them, is left out.
[[nodiscard]] std::vector<std::string> destinations_among(std::vector<std::string> names);

/// `sshsmctl list`: a line for each DEST.conf: host, pinned keys, age of our key; one that is
/// broken is told of in the mailer's words and hides no other. Gives the exit status, 1 where one
/// is broken. Throws `Refusal` and the configuration causes.
[[nodiscard]] int list(const Arguments& arguments);

}  // namespace sshsm::admin
