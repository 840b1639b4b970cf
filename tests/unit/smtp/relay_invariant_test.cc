#include "random_caller.h"
#include "smtp/relay.h"
#include "strict_server.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>

namespace sshsm::smtp {
namespace {

using Message = RandomCaller::Message;

struct Chances {
  unsigned trouble;  ///< of a thousand replies
  unsigned breaks;   ///< of a thousand turns of the mail server
};

struct Tally {
  std::size_t successes = 0;
  std::size_t accepted = 0;
  std::size_t others = 0;
  std::size_t doubts = 0;
};

/// A caller, a relay and a strict server, over lines that delay and cut at random, and may break.
class Encounter {
 public:
  Encounter(unsigned seed, bool listens, Chances chances)
      : random_(seed),
        listens_(listens),
        chances_(chances),
        server_(random_, chances.trouble, StrictServer::Peer::relay),
        caller_(random_, listens),
        relay_("friend", "mx.friend.example",
               listens ? Relay::Caller::listens : Relay::Caller::may_not_listen) {}

  void run(Tally& tally) {
    constexpr std::size_t max_turns = 200000;
    for (std::size_t turn = 0; turn < max_turns; ++turn) {
      if (relay_.is_over() && relay_.to_caller().empty()) return check(tally);
      take_turn();
    }
    FAIL("the conversation does not end");
  }

 private:
  std::size_t some(std::size_t size) {
    return std::min<std::size_t>(size, 1 + random_() % (1U << (random_() % 20)));
  }

  void take_turn() {
    switch (random_() % 4) {
      case 0:
        return hear_caller();
      case 1: {
        const std::size_t count = some(relay_.to_server().size());
        server_.receive(relay_.to_server().substr(0, count));
        return relay_.sent_to_server(count);
      }
      case 2:
        return hear_server();
      default: {
        const std::size_t count = some(relay_.to_caller().size());
        caller_.hear(relay_.to_caller().substr(0, count));
        return relay_.sent_to_caller(count);
      }
    }
  }

  void hear_caller() {
    caller_.said(relay_.feed(caller_.to_say().substr(0, some(caller_.to_say().size()))));
    if (caller_.is_done() && caller_.to_say().empty()) relay_.end_of_input();
  }

  void hear_server() {
    const bool is_gone = server_.is_closed() && !server_.has_replies();
    if (is_gone || random_() % 1000 < chances_.breaks)
      return relay_.lose(base::Failure(base::Cause::connection_lost));
    try {
      relay_.receive(server_.take_replies(1 + random_() % 100));
    } catch (const base::Failure& failure) {
      relay_.lose(failure);
    }
  }

  void check(Tally& tally) {
    for (const StrictServer::Delivery& delivery : server_.deliveries()) check_whole(delivery);
    std::size_t accepted = 0;
    for (const Message& message : caller_.messages()) accepted += check_fate(message) ? 1 : 0;
    CHECK(accepted == accepted_outcomes());
    if (relay_.is_success()) check_success();
    tally.successes += relay_.is_success() ? 1 : 0;
    tally.accepted += accepted;
    tally.others += caller_.messages().size() - accepted;
    tally.doubts += caller_.is_in_doubt() ? 1 : 0;
  }

  /// Says whether the caller was told that somebody has it.
  [[nodiscard]] bool check_fate(const Message& message) {
    CAPTURE(message.sender);
    const auto& all = server_.deliveries();
    const auto times = std::count_if(all.begin(), all.end(), [&](const auto& delivery) {
      return delivery.sender == message.sender;
    });
    const bool is_accepted = message.is_accepted && !message.accepted_recipients.empty();
    CHECK(times <= 1);
    if (is_accepted) CHECK(times == 1);
    if (!is_accepted && times > 0) CHECK(caller_.is_in_doubt());
    return is_accepted;
  }

  /// To those whom the caller saw accepted, and as he wrote it.
  void check_whole(const StrictServer::Delivery& delivery) {
    const auto& all = caller_.messages();
    const auto message = std::find_if(all.begin(), all.end(), [&](const Message& candidate) {
      return candidate.sender == delivery.sender;
    });
    REQUIRE(message != all.end());
    CHECK(delivery.recipients == message->accepted_recipients);
    CHECK((delivery.body == message->body));
  }

  void check_success() {
    for (const Message& message : caller_.messages()) {
      if (message.is_begun || !listens_) CHECK(message.is_accepted);
      if (!listens_) CHECK(message.accepted_recipients == message.recipients);
    }
  }

  [[nodiscard]] std::size_t accepted_outcomes() {
    std::size_t count = 0;
    while (const std::optional<MessageOutcome> outcome = relay_.take_outcome())
      count += outcome->fate == Fate::accepted ? 1 : 0;
    return count;
  }

  std::mt19937 random_;
  bool listens_;
  Chances chances_;
  StrictServer server_;
  RandomCaller caller_;
  Relay relay_;
};

Tally run_encounters(unsigned count, bool listens, Chances chances) {
  Tally tally;
  for (unsigned seed = 0; seed < count; ++seed) {
    CAPTURE(seed);
    Encounter(seed, listens, chances).run(tally);
  }
  return tally;
}

}  // namespace

TEST_CASE("through a relay to a server that takes all, every message arrives as written, once") {
  for (const bool listens : {true, false}) {
    CAPTURE(listens);
    const Tally tally = run_encounters(400, listens, {0, 0});
    CHECK(tally.accepted > 400);
    CHECK(tally.others == 0);
    CHECK(tally.successes > 200);
  }
}

TEST_CASE("what a caller was told is what became of it, whatever a server answers") {
  for (const bool listens : {true, false}) {
    for (const unsigned trouble : {20U, 100U, 400U}) {
      CAPTURE(listens);
      CAPTURE(trouble);
      const Tally tally = run_encounters(800, listens, {trouble, 0});
      CHECK(tally.accepted > 0);
      CHECK(tally.others > 0);
      CHECK(tally.successes > 0);
    }
  }
}

TEST_CASE("the same where the line breaks, and what may have been delivered is told as such") {
  for (const bool listens : {true, false}) {
    CAPTURE(listens);
    const Tally tally = run_encounters(800, listens, {30, 20});
    CHECK(tally.accepted > 0);
    CHECK(tally.others > 0);
    CHECK(tally.successes > 0);
    CHECK(tally.doubts > 0);
  }
}

}  // namespace sshsm::smtp
