#include "encounters.h"
#include "smtp/server.h"
#include "target.h"
#include "unit/smtp/encounter.h"

// A caller, a server of LMTP or SMTP and strict mail servers: every choice of theirs is two octets
// of the input.

namespace sshsm::fuzz {

void try_input(std::string_view input) {
  make_checks_abort();
  smtp::Choices choices(input);
  const auto protocol = choices() % 2 == 0 ? smtp::Protocol::lmtp : smtp::Protocol::smtp;
  const auto trouble = static_cast<unsigned>(choices() % 400);
  const auto breaks = static_cast<unsigned>(choices() % 20);
  const auto ends = static_cast<unsigned>(choices() % 40);
  smtp::RandomCaller caller(choices, true, protocol);
  smtp::Server server({protocol, 1 + choices() % 3, false, protocol == smtp::Protocol::smtp},
                      {"here.example", "friend", "mx.friend.example"});
  smtp::Tally tally;
  smtp::Encounter(choices, {trouble, breaks, ends}, caller, server,
                  smtp::StrictServer::Peer::server)
      .run(tally);
}

}  // namespace sshsm::fuzz
