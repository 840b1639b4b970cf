#include "relay_player.h"

#include "base/causes.h"
#include "dialogue_words.h"
#include "pieces.h"
#include "smtp/relay.h"
#include "smtp/server.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace sshsm::smtp {
namespace {

char decoded(char letter, std::string_view& rest) {
  if (letter == 'r') return '\r';
  if (letter == 'n') return '\n';
  if (letter == '\\') return '\\';
  if (letter != 'x' || rest.size() < 2) throw std::runtime_error("what is behind this backslash?");
  const auto byte = static_cast<char>(std::stoi(std::string(rest.substr(0, 2)), nullptr, 16));
  rest.remove_prefix(2);
  return byte;
}

/// With `\r`, `\n`, `\\` and `\xNN` as the octets they stand for.
std::string decoded(std::string_view text) {
  std::string octets;
  while (!text.empty()) {
    const char first = text.front();
    text.remove_prefix(1);
    if (first != '\\' || text.empty()) {
      octets += first;
      continue;
    }
    const char letter = text.front();
    text.remove_prefix(1);
    octets += decoded(letter, text);
  }
  return octets;
}

std::string octets_of(const Step& step, std::string_view line_end) {
  std::string octets;
  for (const std::string& line : step.lines) octets += decoded(line) + std::string(line_end);
  return octets;
}

base::Cause cause_named(std::string_view name) {
  for (const base::CauseRow& row : base::all_causes())
    if (row.name == name) return row.cause;
  throw std::runtime_error("no cause of that name");
}

}  // namespace

Notation RelayPlayer::notation() {
  return {{"caller:", "octets:", "told:", "server:", "sent:", "octets-sent:"},
          {"listens", "may-not-listen", "lmtp", "smtp",     "meeting", "channel", "channel-ends",
           "wants",   "turn",           "idle", "line-end", "takes",   "lose",    "end",
           "fails",   "held",           "open", "over",     "outcome", "wait",    "phase",
           "doubt"}};
}

void RelayPlayer::play(const Dialogue& dialogue) {
  for (const Step& step : dialogue.steps) {
    CAPTURE(step.line);
    perform(step);
  }
  CHECK(sent_ == "");
  CHECK(told_ == "");
  CHECK((unfed_.empty() || relay_->is_over()));
  CHECK_FALSE(failure_.has_value());
  CHECK_FALSE(relay_->take_outcome().has_value());
}

bool RelayPlayer::begin(const Step& step) {
  if (step.verb == "lmtp" || step.verb == "smtp" || step.verb == "meeting") {
    const Protocol protocol = step.verb == "lmtp" ? Protocol::lmtp : Protocol::smtp;
    const Server::Manner manner{protocol, std::stoul(step.words.at(0)), false,
                                step.verb == "meeting"};
    relay_ = std::make_unique<Server>(manner,
                                      Server::Names{"here.example", "friend", "mx.friend.example"});
    return true;
  }
  if (step.verb != "listens" && step.verb != "may-not-listen") return false;
  const auto caller =
      step.verb == "listens" ? Relay::Caller::listens : Relay::Caller::may_not_listen;
  relay_ = std::make_unique<Relay>("friend", "mx.friend.example", caller);
  return true;
}

void RelayPlayer::perform(const Step& step) {
  if (begin(step) || check(step)) return;
  // Whatever was said before must have been written down.
  CHECK(sent_ == "");
  CHECK(told_ == "");
  act(step);
  serve();
}

bool RelayPlayer::check(const Step& step) {
  if (step.verb == "told") {
    CHECK(std::exchange(told_, {}) == octets_of(step, "\r\n"));
  } else if (step.verb == "sent" || step.verb == "octets-sent") {
    CHECK(std::exchange(sent_, {}) == octets_of(step, step.verb == "sent" ? "\r\n" : ""));
  } else if (step.verb == "fails") {
    check_failure(step);
  } else if (step.verb == "outcome") {
    check_outcome(step);
  } else if (step.verb == "open" || step.verb == "over") {
    check_end(step);
  } else if (step.verb == "wait") {
    CHECK(name_of(relay_->wait()) == step.words.at(0));
  } else if (step.verb == "phase") {
    CHECK(name_of(relay_->phase()) == step.words.at(0));
  } else if (step.verb == "doubt") {
    CHECK(relay_->is_in_doubt() == (step.words.at(0) == "yes"));
  } else if (step.verb == "wants") {
    CHECK(relay_->wants_channel() == (step.words.at(0) == "channel"));
  } else if (step.verb == "turn") {
    CHECK(relay_->awaits_caller() == (step.words.at(0) == "caller"));
  } else if (step.verb == "held") {
    CHECK(unfed_ == octets_of(step, line_end_));
  } else {
    return false;
  }
  return true;
}

void RelayPlayer::act(const Step& step) {
  if (step.verb == "caller") return say(octets_of(step, line_end_));
  if (step.verb == "octets") return say(octets_of(step, ""));
  if (step.verb == "server") return receive(octets_of(step, "\r\n"));
  if (step.verb == "end") {
    is_ended_ = true;
    return;
  }
  if (step.verb == "line-end") {
    line_end_ = step.words.at(0) == "LF" ? "\n" : "\r\n";
    return;
  }
  if (step.verb == "takes") {
    const bool is_free = step.words.at(0) == "all";
    room_ = is_free ? std::numeric_limits<std::size_t>::max() : std::stoul(step.words.at(0));
    return;
  }
  if (step.verb == "channel") return relay_->on_new_channel();
  if (step.verb == "channel-ends") {
    CHECK(relay_->survives_end_of_channel() == (step.words.at(0) == "survived"));
    return;
  }
  if (step.verb == "idle")
    return relay_->lose_idle_caller(base::Failure(base::Cause::answer_timed_out));
  if (step.verb == "lose") return relay_->lose(base::Failure(cause_named(step.words.at(0))));
  throw std::runtime_error("no such action: " + step.verb);
}

void RelayPlayer::say(const std::string& bytes) {
  for (const std::string_view piece : pieces_of(bytes, piece_)) {
    unfed_ += piece;
    serve();
  }
}

void RelayPlayer::receive(const std::string& bytes) {
  try {
    for (const std::string_view piece : pieces_of(bytes, piece_)) {
      relay_->receive(piece);
      serve();
    }
  } catch (const base::Failure& failure) {
    failure_ = failure;
    relay_->lose(failure);
  }
}

/// What every front end does: gives what is taken, and moves what is said.
void RelayPlayer::serve() {
  collect_output();
  while (feed_one_piece()) collect_output();
  if (!is_ended_ || !unfed_.empty()) return;
  relay_->end_of_input();
  collect_output();
}

bool RelayPlayer::feed_one_piece() {
  const bool is_wanted = relay_->wants_input();
  const std::size_t taken = relay_->feed(std::string_view(unfed_).substr(0, piece_));
  if (!is_wanted) CHECK(taken == 0);
  if (is_wanted && !unfed_.empty()) CHECK(taken > 0);
  unfed_.erase(0, taken);
  return taken > 0;
}

void RelayPlayer::collect_output() {
  while (!relay_->to_server().empty() && room_ > 0) {
    const std::size_t count = std::min({relay_->to_server().size(), piece_, room_});
    sent_ += relay_->to_server().substr(0, count);
    relay_->sent_to_server(count);
    if (room_ != std::numeric_limits<std::size_t>::max()) room_ -= count;
  }
  while (!relay_->to_caller().empty()) {
    const std::size_t count = std::min(relay_->to_caller().size(), piece_);
    told_ += relay_->to_caller().substr(0, count);
    relay_->sent_to_caller(count);
  }
}

void RelayPlayer::check_end(const Step& step) const {
  CHECK(relay_->is_over() == (step.verb == "over"));
  if (step.verb == "over") CHECK(relay_->is_success() == (step.words.at(0) == "success"));
}

void RelayPlayer::check_failure(const Step& step) {
  REQUIRE(failure_.has_value());
  CHECK(base::row_of(failure_->cause()).name == step.words.at(0));
  const std::vector<std::string> told(step.words.begin() + 1, step.words.end());
  CHECK((failure_->detail() + ": " + failure_->peer_text()) == joined_by_blanks(told));
  failure_.reset();
}

void RelayPlayer::check_outcome(const Step& step) {
  const std::optional<MessageOutcome> outcome = relay_->take_outcome();
  REQUIRE(outcome.has_value());
  CHECK(heading_of(*outcome) == joined_by_blanks(step.words));
  std::vector<std::string> lines;
  for (const RecipientOutcome& recipient : outcome->recipients)
    lines.push_back(line_of(*outcome, recipient));
  CHECK(joined(lines) == octets_of(step, "\r\n"));
}

}  // namespace sshsm::smtp
