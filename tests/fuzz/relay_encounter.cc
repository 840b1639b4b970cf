#include "encounters.h"
#include "smtp/relay.h"
#include "target.h"
#include "unit/smtp/encounter.h"

// A caller, a relay and a strict mail server: every choice of theirs is two octets of the input.

namespace sshsm::fuzz {

using smtp::Relay;

void try_input(std::string_view input) {
  make_checks_abort();
  smtp::Choices choices(input);
  const bool listens = choices() % 2 == 0;
  const auto trouble = static_cast<unsigned>(choices() % 400);
  const auto breaks = static_cast<unsigned>(choices() % 20);
  smtp::RandomCaller caller(choices, listens);
  Relay relay("friend", "mx.friend.example",
              listens ? Relay::Caller::listens : Relay::Caller::may_not_listen);
  smtp::Tally tally;
  smtp::Encounter(choices, {trouble, breaks, 0}, caller, relay, smtp::StrictServer::Peer::relay)
      .run(tally);
}

}  // namespace sshsm::fuzz
