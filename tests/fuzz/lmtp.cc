#include "session.h"
#include "smtp/server.h"
#include "target.h"

// The server of `--lmtp`, and of SMTP with chunks: the first octet says what is spoken and after
// how many messages the next one wants another channel, the rest is a script.

namespace sshsm::fuzz {

void try_input(std::string_view input) {
  if (input.empty()) return;
  const auto manner = static_cast<unsigned char>(input.front());
  const bool is_lmtp = manner % 4 != 3;
  const bool takes_chunks = !is_lmtp && manner % 32 < 16;
  smtp::Server server({is_lmtp ? smtp::Protocol::lmtp : smtp::Protocol::smtp, 1U + manner / 4 % 4,
                       false, takes_chunks},
                      {"here.example", "friend", "mx.friend.example"});
  Session(server, is_lmtp        ? Witness::Ours::lmtp_server
                  : takes_chunks ? Witness::Ours::chunking_server
                                 : Witness::Ours::smtp_server)
      .play(input.substr(1));
}

}  // namespace sshsm::fuzz
