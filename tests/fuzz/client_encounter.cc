#include "unit/smtp/client_encounter.h"

#include "encounters.h"
#include "target.h"

// A client and a strict mail server: every choice of theirs is two octets of the input.

namespace sshsm::fuzz {

void try_input(std::string_view input) {
  make_checks_abort();
  smtp::Choices choices(input);
  const auto trouble = static_cast<unsigned>(choices() % 400);
  const auto breaks = static_cast<unsigned>(choices() % 20);
  smtp::ClientEncounter(choices, trouble, breaks).run();
}

}  // namespace sshsm::fuzz
