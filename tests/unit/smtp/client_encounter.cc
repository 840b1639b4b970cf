#include "client_encounter.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <utility>

namespace sshsm::smtp {
namespace {

using Need = Client::Need;

}  // namespace

ClientEncounter::ClientEncounter(Choices& random, unsigned trouble, unsigned breaks,
                                 std::optional<Cut> cut)
    : random_(random), server_(random_, trouble), breaks_(breaks), line_(cut) {
  const std::size_t count = 1 + random_() % 4;
  for (std::size_t i = 0; i < count; ++i) messages_.push_back(make_message(i));
}

void ClientEncounter::run() {
  constexpr std::size_t max_turns = 200000;
  for (std::size_t turn = 0; turn < max_turns; ++turn) {
    if (is_over()) return check();
    take_turn();
  }
  FAIL("the conversation does not end");
}

ClientEncounter::Message ClientEncounter::make_message(std::size_t index) {
  Message message;
  message.envelope.reverse_path = "<m" + std::to_string(index) + "@a.example>";
  const std::size_t recipients = 1 + (random_() % 2) * (random_() % 4);
  for (std::size_t i = 0; i < recipients; ++i)
    message.envelope.recipients.push_back({"<r" + std::to_string(i) + "@b.example>", {}});
  message.is_streamed = random_() % 2 == 0;
  const std::size_t lines = random_.once_in(200) ? 60000 : random_() % 20;
  for (std::size_t i = 0; i < lines; ++i) {
    message.body.append(random_() % 3, '.');
    message.body.append(random_() % 20, 'x');
    message.body += "\r\n";
  }
  return message;
}

bool ClientEncounter::is_over() {
  if (is_broken_) return true;
  if (server_.is_closed() && !server_.has_replies()) break_line();
  return is_broken_ || (client_.need() == Need::nothing && client_.output().empty());
}

void ClientEncounter::break_line() {
  is_broken_ = true;
  for (MessageOutcome& outcome : client_.abandon(base::Failure(base::Cause::connection_lost)))
    keep(std::move(outcome));
}

void ClientEncounter::take_turn() {
  switch (random_() % 3) {
    case 0:
      return serve_client();
    case 1: {
      const std::size_t count =
          std::min<std::size_t>(client_.output().size(), 1 + random_() % (1U << (random_() % 20)));
      server_.receive(line_.up(client_.output().substr(0, count)));
      client_.sent(count);
      break;
    }
    default:
      if (random_() % 1000 < breaks_) return break_line();
      receive(line_.down(server_.take_replies(1 + random_() % 100)));
  }
  if (line_.is_cut() && !is_broken_) break_line();
}

void ClientEncounter::receive(std::string_view bytes) {
  try {
    client_.receive(bytes);
  } catch (const base::Failure& failure) {
    is_broken_ = true;
    for (MessageOutcome& outcome : client_.abandon(failure)) keep(std::move(outcome));
  }
  while (std::optional<MessageOutcome> outcome = client_.take_outcome()) keep(std::move(*outcome));
}

void ClientEncounter::serve_client() {
  switch (client_.need()) {
    case Need::message:
      if (begun_ == messages_.size()) return client_.finish();
      passed_ = 0;
      ++begun_;
      return client_.begin(now().envelope,
                           now().is_streamed ? std::nullopt : std::optional(now().body.size()));
    case Need::body: {
      const std::string& body = now().body;
      if (passed_ == body.size()) return client_.end_body();
      const std::string piece = body.substr(passed_, 1 + random_() % 70000);
      passed_ += piece.size();
      return client_.add_body(piece);
    }
    case Need::peer:
    case Need::nothing:
      break;
  }
}

void ClientEncounter::check() {
  CHECK(outcomes_.size() == begun_);
  std::map<std::string, std::size_t> delivered;
  for (const StrictServer::Delivery& delivery : server_.deliveries()) ++delivered[delivery.sender];
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    const MessageOutcome& outcome = outcomes_[i];
    const std::size_t times = delivered[messages_[i].envelope.reverse_path];
    accepted_ += outcome.fate == Fate::accepted ? 1 : 0;
    if (outcome.fate == Fate::accepted) CHECK(times == 1);
    if (outcome.fate == Fate::refused) CHECK(times == 0);
    if (outcome.fate == Fate::deferred && times > 0)
      CHECK(outcome.failure.value().cause() == base::Cause::maybe_delivered);
  }
  for (const StrictServer::Delivery& delivery : server_.deliveries()) check_whole(delivery);
}

/// All recipients and the whole body, or it should not have been delivered at all.
void ClientEncounter::check_whole(const StrictServer::Delivery& delivery) {
  const auto message = std::find_if(
      messages_.begin(), messages_.end(),
      [&](const Message& candidate) { return candidate.envelope.reverse_path == delivery.sender; });
  REQUIRE(message != messages_.end());
  std::vector<std::string> paths;
  for (const Recipient& recipient : message->envelope.recipients) paths.push_back(recipient.path);
  CHECK(delivery.recipients == paths);
  CHECK((delivery.body == message->body));
}

}  // namespace sshsm::smtp
