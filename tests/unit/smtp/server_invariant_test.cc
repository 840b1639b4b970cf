#include "random_caller.h"
#include "smtp/server.h"
#include "strict_server.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <optional>

namespace sshsm::smtp {
namespace {

using Message = RandomCaller::Message;

struct Chances {
  unsigned trouble;  ///< of a thousand replies
  unsigned breaks;   ///< of a thousand turns of the mail server
  unsigned ends;     ///< of a thousand turns: the channel is closed
};

struct Tally {
  std::size_t successes = 0;
  std::size_t accepted = 0;
  std::size_t others = 0;
  std::size_t doubts = 0;
  std::size_t channels = 0;
};

/// A caller, an LMTP server and strict mail servers, one for each channel, over lines that delay
/// and cut at random, and may break.
class Encounter {
 public:
  Encounter(unsigned seed, Chances chances)
      : random_(seed),
        chances_(chances),
        protocol_(seed % 2 == 0 ? Protocol::lmtp : Protocol::smtp),
        caller_(random_, true, protocol_),
        server_({protocol_, 1 + random_() % 3}, {"here.example", "friend", "mx.friend.example"}) {
    add_server();
  }

  void run(Tally& tally) {
    constexpr std::size_t max_turns = 400000;
    for (std::size_t turn = 0; turn < max_turns; ++turn) {
      if (server_.is_over() && server_.to_caller().empty()) return check(tally);
      take_turn();
    }
    FAIL("the conversation does not end");
  }

 private:
  std::size_t some(std::size_t size) {
    return std::min<std::size_t>(size, 1 + random_() % (1U << (random_() % 20)));
  }

  void add_server() {
    servers_.emplace_back(random_, chances_.trouble, StrictServer::Peer::server);
    is_channel_closed_ = false;
  }

  void take_turn() {
    if (server_.wants_channel()) {
      add_server();
      return server_.on_new_channel();
    }
    switch (random_() % 4) {
      case 0:
        caller_.said(server_.feed(caller_.to_say().substr(0, some(caller_.to_say().size()))));
        if (caller_.is_done() && caller_.to_say().empty()) server_.end_of_input();
        return;
      case 1: {
        const std::size_t count = some(server_.to_server().size());
        if (!is_channel_closed_) servers_.back().receive(server_.to_server().substr(0, count));
        return server_.sent_to_server(count);
      }
      case 2:
        return hear_server();
      default: {
        const std::size_t count = some(server_.to_caller().size());
        caller_.hear(server_.to_caller().substr(0, count));
        return server_.sent_to_caller(count);
      }
    }
  }

  void hear_server() {
    StrictServer& server = servers_.back();
    if (random_() % 1000 < chances_.ends) is_channel_closed_ = true;
    const bool is_gone = is_channel_closed_ || (server.is_closed() && !server.has_replies());
    const bool is_broken = random_() % 1000 < chances_.breaks;
    if (is_broken || (is_gone && !server_.survives_end_of_channel()))
      return server_.lose(base::Failure(base::Cause::connection_lost));
    if (is_gone) return;
    try {
      server_.receive(server.take_replies(1 + random_() % 100));
    } catch (const base::Failure& failure) {
      server_.lose(failure);
    }
  }

  void check(Tally& tally) {
    for (const StrictServer& server : servers_)
      for (const StrictServer::Delivery& delivery : server.deliveries()) check_whole(delivery);
    std::size_t accepted = 0;
    for (const Message& message : caller_.messages()) accepted += check_fate(message) ? 1 : 0;
    CHECK(accepted == accepted_outcomes());
    if (server_.is_success()) check_success();
    tally.successes += server_.is_success() ? 1 : 0;
    tally.accepted += accepted;
    tally.others += caller_.messages().size() - accepted;
    tally.doubts += caller_.is_in_doubt() ? 1 : 0;
    tally.channels += servers_.size();
  }

  /// Says whether the caller was told that somebody has it.
  [[nodiscard]] bool check_fate(const Message& message) const {
    CAPTURE(message.sender);
    std::size_t times = 0;
    for (const StrictServer& server : servers_)
      times += static_cast<std::size_t>(
          std::count_if(server.deliveries().begin(), server.deliveries().end(),
                        [&](const auto& delivery) { return delivery.sender == message.sender; }));
    CHECK(times <= 1);
    if (message.is_accepted) CHECK(times == 1);
    if (!message.is_accepted && times > 0) CHECK(caller_.is_in_doubt());
    return message.is_accepted;
  }

  /// To those whom the caller saw accepted, and as he wrote it.
  void check_whole(const StrictServer::Delivery& delivery) const {
    const auto& all = caller_.messages();
    const auto message = std::find_if(all.begin(), all.end(), [&](const Message& candidate) {
      return candidate.sender == delivery.sender;
    });
    REQUIRE(message != all.end());
    CHECK(delivery.recipients == message->accepted_recipients);
    CHECK((delivery.body == message->body));
  }

  void check_success() const {
    for (const Message& message : caller_.messages())
      if (message.is_begun) CHECK(message.is_accepted);
  }

  [[nodiscard]] std::size_t accepted_outcomes() {
    std::size_t count = 0;
    while (const std::optional<MessageOutcome> outcome = server_.take_outcome())
      count += outcome->fate == Fate::accepted ? 1 : 0;
    return count;
  }

  std::mt19937 random_;
  Chances chances_;
  Protocol protocol_;
  std::deque<StrictServer> servers_;
  bool is_channel_closed_ = false;
  RandomCaller caller_;
  Server server_;
};

Tally run_encounters(unsigned count, Chances chances) {
  Tally tally;
  for (unsigned seed = 0; seed < count; ++seed) {
    CAPTURE(seed);
    Encounter(seed, chances).run(tally);
  }
  return tally;
}

}  // namespace

TEST_CASE("by SMTP and LMTP to servers that take all, every message arrives as written, once") {
  const Tally tally = run_encounters(800, {0, 0, 0});
  CHECK(tally.accepted > 800);
  CHECK(tally.others == 0);
  CHECK(tally.successes > 400);
  CHECK(tally.channels > 1000);
}

TEST_CASE("each caller was told what became of the message") {
  for (const unsigned trouble : {20U, 100U, 400U}) {
    CAPTURE(trouble);
    const Tally tally = run_encounters(1000, {trouble, 0, 0});
    CHECK(tally.accepted > 0);
    CHECK(tally.others > 0);
    CHECK(tally.successes > 0);
  }
}

TEST_CASE("the same where lines break and channels end at any moment") {
  const Tally broken = run_encounters(1000, {30, 20, 0});
  CHECK(broken.accepted > 0);
  CHECK(broken.others > 0);
  CHECK(broken.doubts > 0);
  const Tally ended = run_encounters(1000, {10, 0, 40});
  CHECK(ended.accepted > 0);
  CHECK(ended.others > 0);
  CHECK(ended.successes > 0);
}

}  // namespace sshsm::smtp
