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

base::ExitStatus MessageOutcome::exit_status() const noexcept {
  switch (fate) {
    case Fate::accepted:
      return base::ExitStatus::accepted;
    case Fate::refused:
      return base::ExitStatus::refused;
    case Fate::deferred:
      break;
  }
  return base::ExitStatus::deferred;
}

}  // namespace sshsm::smtp
