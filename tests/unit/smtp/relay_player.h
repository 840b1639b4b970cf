#pragma once

#include "dialogue.h"
#include "smtp/intermediary.h"

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::smtp {

/// Plays one dialogue against a `Relay` or an `Server`, as a front end does, and checks each
/// step: what either side is told, when, and what is said of it in the end. The octets of both
/// sides arrive in pieces of `piece`, and leave in such pieces.
class RelayPlayer {
 public:
  explicit RelayPlayer(std::size_t piece) : piece_(piece) {}

  [[nodiscard]] static Notation notation();

  void play(const Dialogue& dialogue);

 private:
  [[nodiscard]] bool begin(const Step& step);
  void perform(const Step& step);
  [[nodiscard]] bool check(const Step& step);
  void act(const Step& step);
  void say(const std::string& bytes);
  void receive(const std::string& bytes);
  void serve();
  [[nodiscard]] bool feed_one_piece();
  void collect_output();
  void check_end(const Step& step) const;
  void check_failure(const Step& step);
  void check_outcome(const Step& step);

  std::size_t piece_;
  std::unique_ptr<Intermediary> relay_;
  std::string line_end_ = "\r\n";  ///< behind what the caller says
  std::string unfed_;              ///< said by the caller and not taken yet
  bool is_ended_ = false;          ///< the caller says no more
  std::string sent_;               ///< to the mail server, not yet compared
  std::string told_;               ///< to the caller, not yet compared
  std::size_t room_ = std::numeric_limits<std::size_t>::max();  ///< on the way to the mail server
  std::optional<base::Failure> failure_;
};

}  // namespace sshsm::smtp
