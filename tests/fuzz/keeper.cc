#include "law.h"
#include "session.h"
#include "smtp/peer.h"
#include "smtp/server.h"
#include "target.h"

#include <limits>
#include <optional>
#include <string>
#include <utility>

// The keeper's listener: a server to which mail servers are lent for one message each. The first
// octet says what is spoken, what the mail servers offer, whether the client is greeted before
// there is one and whether it is sure that they are there; the rest is a script.

namespace sshsm::fuzz {
namespace {

using smtp::Peer;
using smtp::Protocol;
using smtp::Server;

std::string offers_in(unsigned manner) {
  std::string lines = "250-mx.friend.example\r\n";
  if ((manner & 2U) != 0) lines += "250-PIPELINING\r\n";
  if ((manner & 4U) != 0) lines += "250-CHUNKING\r\n";
  if ((manner & 8U) != 0) lines += "250-DSN\r\n250-SMTPUTF8\r\n";
  return lines + "250 SIZE 1000000\r\n";
}

/// What the keeper does for one client: it lends him a mail server that is idle, and takes it back
/// as soon as he has no use for it.
class KeeperSession final : public Session {
 public:
  KeeperSession(Server& server, Witness::Ours ours, unsigned manner)
      : Session(server, ours),
        server_(server),
        offers_(offers_in(manner)),
        is_fresh_((manner & 32U) == 0) {
    has_channel_ = false;
    if ((manner & 64U) != 0) {
      parked_ = greeted();
      server_.greet(parked_->capabilities());
    } else {
      lend();
    }
  }

 private:
  void see_to_channel() override {
    if (has_channel_ && server_.is_through_with_channel()) give_back();
    if (has_channel_ && (server_.has_lost_channel() || server_.is_lost())) has_channel_ = false;
    if (!has_channel_ && server_.wants_channel()) lend();
  }

  void lend() {
    if (!parked_) parked_ = greeted();
    server_.take_over(*std::exchange(parked_, std::nullopt), is_fresh_);
    has_channel_ = true;
  }

  [[nodiscard]] Peer greeted() {
    add_channel();
    Peer peer("here.example", {});
    answer(peer, "220 mx.friend.example\r\n");
    pass_on(peer);
    answer(peer, offers_);
    require(peer.is_idle() && peer.output().empty(), "he who was greeted is idle");
    return peer;
  }

  /// The next client finds a mail server who knows of no envelope.
  void give_back() {
    require(server_.may_hand_over(), "what is of no use may be handed over");
    Peer peer = server_.hand_over();
    has_channel_ = false;
    pass_on(peer);
    if (!peer.is_idle()) answer(peer, "250 2.0.0 forgotten\r\n");
    require(peer.is_idle() && !server().knows_envelope(), "who is handed over has forgotten all");
    parked_.emplace(std::move(peer));
  }

  void answer(Peer& peer, std::string_view reply) {
    server().hear_server(reply);
    require(!peer.receive(reply), "that is an answer to nobody's message");
  }

  void pass_on(Peer& peer) {
    server().hear_client(peer.output());
    peer.sent(peer.output().size());
  }

  Server& server_;
  std::string offers_;
  bool is_fresh_;
  std::optional<Peer> parked_;
};

}  // namespace

void try_input(std::string_view input) {
  if (input.empty()) return;
  const unsigned manner = static_cast<unsigned char>(input.front());
  const bool is_lmtp = manner % 2 != 0;
  const bool takes_chunks = !is_lmtp && (manner & 16U) == 0;
  Server server({is_lmtp ? Protocol::lmtp : Protocol::smtp, std::numeric_limits<std::size_t>::max(),
                 true, takes_chunks},
                {"here.example", "friend", "mx.friend.example"});
  KeeperSession(server,
                is_lmtp        ? Witness::Ours::lmtp_server
                : takes_chunks ? Witness::Ours::chunking_server
                               : Witness::Ours::smtp_server,
                manner)
      .play(input.substr(1));
}

}  // namespace sshsm::fuzz
