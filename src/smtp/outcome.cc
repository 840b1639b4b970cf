#include "smtp/outcome.h"

namespace sshsm::smtp {

std::string_view name_of(Phase phase) noexcept {
  switch (phase) {
    case Phase::greeting:
      return "greeting";
    case Phase::hello:
      return "hello";
    case Phase::envelope:
      return "envelope";
    case Phase::data:
      return "data";
    case Phase::dot:
      return "dot";
  }
  return {};
}

}  // namespace sshsm::smtp
