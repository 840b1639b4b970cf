#pragma once

#include "admin/arguments.h"

#include <string>
#include <string_view>

namespace sshsm::admin {

/// `sshsmctl status`: asks the keeper of DEST, or each one that is met where --config-dir says, how
/// it is. Starts nothing, since the keeper alone makes the socket that is asked. Gives 0 where all
/// that were asked answer and none is without its line because of a failure.
[[nodiscard]] int show_status(const Arguments& arguments);

/// What a keeper told, read.
struct ToldStatus {
  bool is_well = false;
  std::string text;  ///< some lines for a person, or the JSON object in one line
};

/// `told` is what came from the socket: not to be trusted, the keeper meets strangers. Throws
/// `Refusal` where it is not what a keeper tells.
[[nodiscard]] ToldStatus read_status(const std::string& destination, std::string_view told,
                                     bool is_json);

}  // namespace sshsm::admin
