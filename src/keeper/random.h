#pragma once

namespace sshsm::keeper {

/// From 0 to 1, for times that are not to be the same for everybody.
[[nodiscard]] double random_share() noexcept;

}  // namespace sshsm::keeper
