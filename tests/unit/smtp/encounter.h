#pragma once

#include "choices.h"
#include "cut_line.h"
#include "random_caller.h"
#include "smtp/intermediary.h"
#include "strict_server.h"

#include <cstddef>
#include <deque>
#include <optional>

namespace sshsm::smtp {

struct Chances {
  unsigned trouble = 0;         ///< of a thousand replies
  unsigned breaks = 0;          ///< of a thousand turns of the mail server: the line is lost
  unsigned ends = 0;            ///< of a thousand turns of the mail server: the channel is closed
  std::optional<Cut> cut = {};  ///< of the line to the mail servers, all channels together
};

/// What came of some encounters.
struct Tally {
  std::size_t successes = 0;
  std::size_t accepted = 0;
  std::size_t others = 0;
  std::size_t doubts = 0;
  std::size_t channels = 0;
};

/// A caller, somebody between, and strict mail servers, one for each channel, over lines that delay
/// and cut at random, and may break. At the end what the caller was told must be what became of his
/// messages.
class Encounter {
 public:
  /// All of it outlives this.
  Encounter(Choices& random, Chances chances, RandomCaller& caller, Intermediary& between,
            StrictServer::Peer peer);

  void run(Tally& tally);
  [[nodiscard]] const CutLine& line() const { return line_; }

 private:
  using Message = RandomCaller::Message;

  [[nodiscard]] std::size_t some(std::size_t size);
  void add_server();
  void take_turn();
  void hear_caller();
  void tell_server();
  void hear_server();
  void lose_if_cut();
  void tell_caller();
  void check(Tally& tally);
  [[nodiscard]] bool check_fate(const Message& message) const;
  void check_whole(const StrictServer::Delivery& delivery) const;
  void check_success() const;
  [[nodiscard]] std::size_t accepted_outcomes();

  Choices& random_;
  Chances chances_;
  RandomCaller& caller_;
  Intermediary& between_;
  StrictServer::Peer peer_;
  std::deque<StrictServer> servers_;
  CutLine line_;
  bool is_channel_closed_ = false;
};

}  // namespace sshsm::smtp
