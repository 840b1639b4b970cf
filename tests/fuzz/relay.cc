#include "smtp/relay.h"

#include "session.h"
#include "target.h"

// The relay of `-bs`: the first octet says whether the caller listens, the rest is a script.

namespace sshsm::fuzz {

void try_input(std::string_view input) {
  if (input.empty()) return;
  const auto caller = static_cast<unsigned char>(input.front()) % 2 == 0
                          ? smtp::Relay::Caller::listens
                          : smtp::Relay::Caller::may_not_listen;
  smtp::Relay relay("friend", "mx.friend.example", caller);
  Session(relay, Witness::Ours::smtp_server).play(input.substr(1));
}

}  // namespace sshsm::fuzz
