#include "dialogue_player.h"

#include "dialogue_words.h"
#include "pieces.h"

#include <doctest/doctest.h>

#include <stdexcept>

namespace sshsm::smtp {
namespace {

using Need = Client::Need;

std::string_view name_of(Need need) {
  switch (need) {
    case Need::peer:
      return "peer";
    case Need::message:
      return "message";
    case Need::body:
      return "body";
    case Need::nothing:
      return "nothing";
  }
  return {};
}

}  // namespace

Notation DialoguePlayer::notation() {
  return {
      {"S:", "C:"},
      {"message", "stream", "body", "end", "finish", "close", "fails", "outcome", "need", "wait"}};
}

void DialoguePlayer::play(const Dialogue& dialogue) {
  for (const Step& step : dialogue.steps) {
    CAPTURE(step.line);
    perform(step);
    collect_output();
  }
  CHECK(sent_ == "");
  CHECK_FALSE(failure_.has_value());
  CHECK_FALSE(next_outcome().has_value());
}

void DialoguePlayer::perform(const Step& step) {
  if (step.verb == "C") return check_output(step);
  if (step.verb == "fails") return check_failure(step);
  if (step.verb == "outcome") return check_outcome(step);
  if (step.verb == "need" || step.verb == "wait") {
    const std::string_view now =
        step.verb == "need" ? name_of(client_.need()) : name_of(client_.wait());
    CHECK(now == step.words.at(0));
    return;
  }
  // Whatever was said before must have been written down.
  CHECK(sent_ == "");
  act(step);
  serve();
}

void DialoguePlayer::act(const Step& step) {
  if (step.verb == "S") return receive(step);
  if (step.verb == "message" || step.verb == "stream") return begin(step);
  if (step.verb == "body") return client_.add_body(joined(step.lines));
  if (step.verb == "end") return client_.end_body();
  if (step.verb == "finish") return client_.finish();
  if (step.verb == "close") return abandon(base::Failure(base::Cause::connection_lost));
  throw std::runtime_error("no such action: " + step.verb);
}

void DialoguePlayer::begin(const Step& step) {
  REQUIRE(name_of(client_.need()) == "message");
  at_hand_.reset();
  if (step.verb == "stream") return client_.begin(envelope_of(step), std::nullopt);
  at_hand_ = joined(step.lines);
  client_.begin(envelope_of(step), at_hand_->size());
}

void DialoguePlayer::receive(const Step& step) {
  const std::string bytes = joined(step.lines);
  try {
    for (const std::string_view piece : pieces_of(bytes, piece_)) {
      client_.receive(piece);
      serve();
    }
  } catch (const base::Failure& failure) {
    failure_ = failure;
    abandon(failure);
  }
}

/// What every caller does: gives the body when it is asked for, and moves bytes.
void DialoguePlayer::serve() {
  if (at_hand_ && client_.need() == Need::body) {
    client_.add_body(*at_hand_);
    client_.end_body();
    at_hand_.reset();
  }
  collect_output();
}

void DialoguePlayer::collect_output() {
  sent_ += client_.output();
  client_.sent(client_.output().size());
}

void DialoguePlayer::check_output(const Step& step) {
  CHECK(sent_ == joined(step.lines));
  sent_.clear();
}

void DialoguePlayer::check_failure(const Step& step) {
  REQUIRE(failure_.has_value());
  CHECK(base::row_of(failure_->cause()).name == step.words.at(0));
  const std::vector<std::string> told(step.words.begin() + 1, step.words.end());
  CHECK((failure_->detail() + ": " + failure_->peer_text()) == joined_by_blanks(told));
  failure_.reset();
}

void DialoguePlayer::check_outcome(const Step& step) {
  const std::optional<MessageOutcome> outcome = next_outcome();
  REQUIRE(outcome.has_value());
  CHECK(heading_of(*outcome) == joined_by_blanks(step.words));
  std::vector<std::string> lines;
  for (const RecipientOutcome& recipient : outcome->recipients) {
    CHECK(recipient.fate == outcome->fate);
    lines.push_back(line_of(*outcome, recipient));
  }
  CHECK(joined(lines) == joined(step.lines));
}

void DialoguePlayer::abandon(const base::Failure& failure) {
  for (MessageOutcome& outcome : client_.abandon(failure)) abandoned_.push_back(std::move(outcome));
  at_hand_.reset();
}

std::optional<MessageOutcome> DialoguePlayer::next_outcome() {
  if (abandoned_.empty()) return client_.take_outcome();
  MessageOutcome outcome = std::move(abandoned_.front());
  abandoned_.pop_front();
  return outcome;
}

}  // namespace sshsm::smtp
