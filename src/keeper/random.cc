#include "keeper/random.h"

#include <sys/random.h>

#include <cstdint>
#include <limits>

namespace sshsm::keeper {

double random_share() noexcept {
  std::uint32_t number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number) return 0.5;
  return static_cast<double>(number) / std::numeric_limits<std::uint32_t>::max();
}

}  // namespace sshsm::keeper
