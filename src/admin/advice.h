#pragma once

#include "base/causes.h"

#include <string>
#include <string_view>

namespace sshsm::admin {

/// What to do about a failure in this step of `check`. More than the mailer's sentence has room
/// for, and more exact: the step is known here. Where there is no more to say it is the remedy of
/// the table of causes. Without a full stop.
[[nodiscard]] std::string remedy_of(std::string_view step, base::Cause cause,
                                    std::string_view destination);

}  // namespace sshsm::admin
