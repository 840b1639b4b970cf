#pragma once

#include "script.h"
#include "smtp/intermediary.h"
#include "witness.h"

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

namespace sshsm::fuzz {

/// A relay or a server between a caller and a mail server who say what a script says, with a
/// witness on each line.
///
/// The laws: a text that was ended towards a mail server was ended by the caller, and is the same
/// text; what the caller was told to be accepted was accepted by a mail server, for the same
/// recipients, once; success means that nothing was refused at its end; and what waits on either
/// side is bounded.
class Session {
 public:
  Session(smtp::Intermediary& machine, Witness::Ours ours);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;

  /// Plays the script to its end, ends the caller's input and then the line, and checks what became
  /// of all messages.
  void play(std::string_view script);

 protected:
  /// Called whenever something moved.
  virtual void see_to_channel();
  /// The octets of the mail server: true where the machine was to have them.
  void receive(std::string_view bytes);
  void add_channel() { servers_.emplace_back(Witness::Ours::client); }
  [[nodiscard]] Witness& server() { return servers_.back(); }
  void send(std::size_t count);
  virtual void end_channel();

  bool has_channel_ = true;

 private:
  void perform(Order order);
  void say(std::string_view text);
  void say_again();
  void say_piece(std::string_view piece);
  void move();
  [[nodiscard]] bool feed();
  void note_told();
  void tell_all();
  void lose();
  void check_bounds() const;
  void check_end();
  void check_ended(const std::deque<Witness::Message>& ended) const;
  void check_accepted(const std::deque<Witness::Message>& ended) const;

  smtp::Intermediary& machine_;
  Witness caller_;
  std::deque<Witness> servers_;  ///< one for each channel
  std::string unfed_;
  std::string_view last_said_;
  std::size_t seen_ = 0;  ///< octets of what is untold that the witness has read
  std::size_t said_ = 0;
  bool is_caller_speaking_ = false;
  bool is_ended_ = false;
  bool is_sending_ = true;
  bool is_telling_ = true;
  Order arrival_ = Order::line_by_line;
};

}  // namespace sshsm::fuzz
