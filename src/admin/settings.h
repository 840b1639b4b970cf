#pragma once

#include "admin/arguments.h"
#include "config/destination.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::admin {

/// What counts for one destination, a line for each setting in the order of the key table, as it
/// would stand in DEST.conf: `port = 22`, then `# FILE:LINE` or `# default` for where it was said.
/// What is not set is a comment. Names of files are absolute.
[[nodiscard]] std::vector<std::string> lines_of_settings(
    std::string_view directory, const config::ConfigText& own,
    const std::optional<config::ConfigText>& defaults);

/// `sshsmctl config`. Gives the exit status. Throws `Refusal` and the configuration causes.
[[nodiscard]] int show_settings(const Arguments& arguments);

}  // namespace sshsm::admin
