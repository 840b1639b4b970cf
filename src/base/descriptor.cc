#include "base/descriptor.h"

#include <unistd.h>

namespace sshsm::base {

void Descriptor::reset(int number) noexcept {
  if (number_ >= 0) close(number_);
  number_ = number;
}

}  // namespace sshsm::base
