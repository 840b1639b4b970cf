#pragma once

#include "choices.h"
#include "cut_line.h"
#include "smtp/client.h"
#include "strict_server.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sshsm::smtp {

/// A client and a strict server over a line that delays and cuts at random, and may break. At the
/// end the outcome of each message must be what became of it.
class ClientEncounter {
 public:
  /// `trouble` is of a thousand replies, `breaks` of a thousand turns of the server, and
  /// `cut` is where the line is cut in any case. `random` outlives this.
  ClientEncounter(Choices& random, unsigned trouble, unsigned breaks, std::optional<Cut> cut = {});

  void run();

  [[nodiscard]] const CutLine& line() const { return line_; }
  [[nodiscard]] std::size_t accepted() const { return accepted_; }
  [[nodiscard]] std::size_t others() const { return outcomes_.size() - accepted_; }

 private:
  struct Message {
    Envelope envelope;
    std::string body;
    bool is_streamed = false;
  };

  [[nodiscard]] Message make_message(std::size_t index);
  [[nodiscard]] bool is_over();
  void break_line();
  void take_turn();
  void receive(std::string_view bytes);
  void serve_client();
  void check();
  void check_whole(const StrictServer::Delivery& delivery);
  /// The message begun last.
  [[nodiscard]] const Message& now() const { return messages_[begun_ - 1]; }
  void keep(MessageOutcome outcome) { outcomes_.push_back(std::move(outcome)); }

  Choices& random_;
  StrictServer server_;
  unsigned breaks_;
  CutLine line_;
  Client client_{"client.example"};
  std::vector<Message> messages_;
  std::vector<MessageOutcome> outcomes_;
  std::size_t begun_ = 0;
  std::size_t passed_ = 0;
  std::size_t accepted_ = 0;
  bool is_broken_ = false;
};

}  // namespace sshsm::smtp
