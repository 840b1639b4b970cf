#pragma once

#include "base/failure.h"
#include "config/destination.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

namespace sshsm::config {

inline Destination read(const std::string& own, const std::optional<std::string>& defaults = {},
                        bool is_foreign_caller = false) {
  std::optional<ConfigText> lower;
  if (defaults) lower = ConfigText{"/etc/sshsm/sshsm.conf", *defaults};
  return read_destination("friend", "/etc/sshsm", {"/etc/sshsm/friend.conf", own}, lower,
                          is_foreign_caller);
}

/// The detail of the failure with this cause.
inline std::string complaint(const std::string& own,
                             const std::optional<std::string>& defaults = {},
                             base::Cause cause = base::Cause::configuration_invalid,
                             bool is_foreign_caller = false) {
  try {
    const Destination destination = read(own, defaults, is_foreign_caller);
    return "no failure";
  } catch (const base::Failure& failure) {
    CHECK(failure.cause() == cause);
    return failure.detail();
  }
}

}  // namespace sshsm::config
