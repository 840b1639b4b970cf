#include "smtp/observer.h"

#include <string>

namespace sshsm::smtp {

void observe(const Observer& observer, const Reply& reply) {
  if (!observer) return;
  for (const std::string& line : lines_of(reply)) observer('<', line);
}

}  // namespace sshsm::smtp
