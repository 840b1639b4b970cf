#include "encounter.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>

namespace sshsm::smtp {

Encounter::Encounter(Choices& random, Chances chances, RandomCaller& caller, Intermediary& between,
                     StrictServer::Peer peer)
    : random_(random),
      chances_(chances),
      caller_(caller),
      between_(between),
      peer_(peer),
      line_(chances.cut) {
  add_server();
}

void Encounter::run(Tally& tally) {
  constexpr std::size_t max_turns = 400000;
  for (std::size_t turn = 0; turn < max_turns; ++turn) {
    if (between_.is_over() && between_.to_caller().empty()) return check(tally);
    take_turn();
  }
  FAIL("the conversation does not end");
}

std::size_t Encounter::some(std::size_t size) {
  return std::min<std::size_t>(size, 1 + random_() % (1U << (random_() % 20)));
}

void Encounter::add_server() {
  servers_.emplace_back(random_, chances_.trouble, peer_);
  is_channel_closed_ = false;
}

void Encounter::take_turn() {
  if (between_.wants_channel()) {
    add_server();
    return between_.on_new_channel();
  }
  switch (random_() % 4) {
    case 0:
      return hear_caller();
    case 1:
      return tell_server();
    case 2:
      return hear_server();
    default:
      return tell_caller();
  }
}

void Encounter::hear_caller() {
  caller_.said(between_.feed(caller_.to_say().substr(0, some(caller_.to_say().size()))));
  if (caller_.is_done() && caller_.to_say().empty()) between_.end_of_input();
}

void Encounter::tell_server() {
  const std::size_t count = some(between_.to_server().size());
  const std::string_view arrived = line_.up(between_.to_server().substr(0, count));
  if (!is_channel_closed_) servers_.back().receive(arrived);
  between_.sent_to_server(count);
  lose_if_cut();
}

void Encounter::lose_if_cut() {
  if (line_.is_cut() && !between_.is_lost())
    between_.lose(base::Failure(base::Cause::connection_lost));
}

void Encounter::hear_server() {
  if (line_.is_cut()) return;
  StrictServer& server = servers_.back();
  if (random_() % 1000 < chances_.ends) is_channel_closed_ = true;
  const bool is_gone = is_channel_closed_ || (server.is_closed() && !server.has_replies());
  const bool is_broken = random_() % 1000 < chances_.breaks;
  if (is_broken || (is_gone && !between_.survives_end_of_channel()))
    return between_.lose(base::Failure(base::Cause::connection_lost));
  if (is_gone) return;
  try {
    between_.receive(line_.down(server.take_replies(1 + random_() % 100)));
  } catch (const base::Failure& failure) {
    between_.lose(failure);
  }
  lose_if_cut();
}

void Encounter::tell_caller() {
  const std::size_t count = some(between_.to_caller().size());
  caller_.hear(between_.to_caller().substr(0, count));
  between_.sent_to_caller(count);
}

void Encounter::check(Tally& tally) {
  for (const StrictServer& server : servers_)
    for (const StrictServer::Delivery& delivery : server.deliveries()) check_whole(delivery);
  std::size_t accepted = 0;
  for (const Message& message : caller_.messages()) accepted += check_fate(message) ? 1 : 0;
  CHECK(accepted == accepted_outcomes());
  if (between_.is_success()) check_success();
  tally.successes += between_.is_success() ? 1 : 0;
  tally.accepted += accepted;
  tally.others += caller_.messages().size() - accepted;
  tally.doubts += caller_.is_in_doubt() ? 1 : 0;
  tally.channels += servers_.size();
}

/// Says whether the caller was told that somebody has it.
bool Encounter::check_fate(const Message& message) const {
  CAPTURE(message.sender);
  std::size_t times = 0;
  for (const StrictServer& server : servers_)
    times += static_cast<std::size_t>(
        std::count_if(server.deliveries().begin(), server.deliveries().end(),
                      [&](const auto& delivery) { return delivery.sender == message.sender; }));
  const bool is_accepted = message.is_accepted && !message.accepted_recipients.empty();
  CHECK(times <= 1);
  if (is_accepted) CHECK(times == 1);
  if (!is_accepted && times > 0) CHECK(caller_.is_in_doubt());
  return is_accepted;
}

/// To those whom the caller saw accepted, or could not see any more, and as he wrote it.
void Encounter::check_whole(const StrictServer::Delivery& delivery) const {
  const auto& all = caller_.messages();
  const auto message = std::find_if(all.begin(), all.end(), [&](const Message& candidate) {
    return candidate.sender == delivery.sender;
  });
  REQUIRE(message != all.end());
  if (message->is_accepted || !caller_.is_in_doubt())
    CHECK(delivery.recipients == message->accepted_recipients);
  CHECK((delivery.body == message->body));
}

void Encounter::check_success() const {
  for (const Message& message : caller_.messages()) {
    if (message.is_begun || !caller_.listens()) CHECK(message.is_accepted);
    if (!caller_.listens()) CHECK(message.accepted_recipients == message.recipients);
  }
}

std::size_t Encounter::accepted_outcomes() {
  std::size_t count = 0;
  while (const std::optional<MessageOutcome> outcome = between_.take_outcome())
    count += outcome->fate == Fate::accepted ? 1 : 0;
  return count;
}

}  // namespace sshsm::smtp
