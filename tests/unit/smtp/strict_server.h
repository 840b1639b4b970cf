#pragma once

#include "choices.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::smtp {

/// A mail server that answers at random but never forgets what SMTP means: it knows which messages
/// it took, from the octets alone, and checks the order of what it is told. It is written from the
/// RFCs and shares no code with the client or the relay.
class StrictServer {
 public:
  /// Who speaks to it: a client gives a message to all its recipients or to none and chunks where
  /// it may, an LMTP server gives it to those who were accepted and chunks, too; a relay passes
  /// what somebody else does.
  enum class Peer { client, server, relay };

  struct Delivery {
    std::string sender;
    std::vector<std::string> recipients;
    std::string body;
  };

  /// `trouble` is how many of a thousand replies are not the good one.
  StrictServer(Choices& random, unsigned trouble, Peer peer = Peer::client);

  /// Octets from the client.
  void receive(std::string_view bytes);
  /// Up to `count` octets for the client.
  [[nodiscard]] std::string take_replies(std::size_t count);

  [[nodiscard]] bool has_replies() const { return !replies_.empty(); }
  [[nodiscard]] bool is_closed() const { return is_closed_; }
  [[nodiscard]] const std::vector<Delivery>& deliveries() const { return deliveries_; }

 private:
  enum class State { command, data, chunk };

  [[nodiscard]] bool roll(unsigned of_a_thousand);
  [[nodiscard]] bool step();
  [[nodiscard]] bool step_command();
  [[nodiscard]] bool step_data();
  [[nodiscard]] bool step_chunk();
  /// Of the input, what is not taken yet.
  [[nodiscard]] std::string_view rest() const;
  std::string take(std::size_t count);
  void check_line_ends(std::string_view bytes);
  void check_order(std::string_view line) const;
  void handle(std::string_view line);
  void on_ehlo();
  void on_mail(std::string_view line);
  void on_rcpt(std::string_view line);
  void on_data();
  void on_bdat(std::string_view line);
  void check_recipients() const;
  void end_message();
  void reset();
  /// Answers, with luck, as it should; says whether it did.
  bool answer(std::string_view good);
  void reply(std::string_view line);

  Choices& random_;
  unsigned trouble_;
  Peer peer_;
  bool has_pipelining_;
  bool has_chunking_;
  bool
      is_lax_;  ///< keeps an envelope whose last chunk he refused, and takes recipients at any time
  State state_ = State::command;
  char last_octet_ = '\0';
  std::string input_;
  std::size_t taken_ = 0;  ///< of it; erased at once, since messages are long
  std::string replies_;
  bool is_closed_ = false;
  bool is_hello_done_ = false;
  bool has_sender_ = false;
  bool is_broken_ = false;  ///< a chunk of this message was refused
  std::size_t recipients_asked_ = 0;
  std::size_t chunk_left_ = 0;
  bool is_last_chunk_ = false;
  Delivery now_;
  std::vector<Delivery> deliveries_;
};

}  // namespace sshsm::smtp
