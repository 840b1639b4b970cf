#pragma once

#include "dialogue.h"
#include "smtp/client.h"

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace sshsm::smtp {

/// Plays one dialogue against a `Client` and checks each step: what it sends, when, and what it
/// says became of the messages. The peer's bytes arrive in pieces of `piece` octets.
class DialoguePlayer {
 public:
  explicit DialoguePlayer(std::size_t piece) : piece_(piece) {}

  [[nodiscard]] static Notation notation();

  void play(const Dialogue& dialogue);

 private:
  void perform(const Step& step);
  void act(const Step& step);
  void begin(const Step& step);
  void receive(const Step& step);
  void serve();
  void collect_output();
  void check_output(const Step& step);
  void check_failure(const Step& step);
  void check_outcome(const Step& step);
  void abandon(const base::Failure& failure);
  [[nodiscard]] std::optional<MessageOutcome> next_outcome();

  std::size_t piece_;
  Client client_{"client.example"};
  std::string sent_;                    ///< not yet compared with a C group
  std::optional<std::string> at_hand_;  ///< the body of a `message`, until it is asked for
  std::optional<base::Failure> failure_;
  std::deque<MessageOutcome> abandoned_;
};

}  // namespace sshsm::smtp
