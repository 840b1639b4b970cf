#pragma once

#include "choices.h"
#include "smtp/server.h"

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::smtp {

/// Somebody who speaks SMTP to a relay or LMTP to an LMTP server, with messages full of line ends
/// and dots that end a message on one server or another. One who listens goes by what he is told;
/// one who does not writes all he has. It is written from the RFCs and shares no code with those.
class RandomCaller {
 public:
  struct Message {
    std::string sender;
    std::vector<std::string> recipients;
    std::string text;  ///< as he writes it, with its final dot
    std::string raw;   ///< as he writes it in chunks
    std::string body;  ///< as it must arrive
    std::vector<std::string> accepted_recipients;
    bool is_begun = false;     ///< his DATA was answered
    bool is_accepted = false;  ///< the dot was answered 2yz, for each recipient
  };

  /// Whoever speaks LMTP listens.
  RandomCaller(Choices& random, bool listens, Protocol protocol = Protocol::smtp);

  [[nodiscard]] bool listens() const { return listens_; }
  /// What he says next, once `said` took what was taken of it.
  [[nodiscard]] std::string_view to_say() const { return to_say_; }
  void said(std::size_t count) { to_say_.erase(0, count); }
  /// He says no more than is in `to_say`.
  [[nodiscard]] bool is_done() const { return is_done_; }
  void hear(std::string_view bytes);

  [[nodiscard]] const std::vector<Message>& messages() const { return messages_; }
  /// He was told that a message may have been delivered.
  [[nodiscard]] bool is_in_doubt() const { return is_in_doubt_; }

 private:
  enum class To { greeting, hello, mail, rcpt, data, chunk, dot, rset, other, quit };
  struct Command {
    To to;
    std::string line;
    std::string octets{};  ///< of a chunk
  };

  [[nodiscard]] Message make_message(std::size_t index);
  [[nodiscard]] std::string make_line();
  void write_all();
  void say(const Command& command);
  void say_planned();
  void plan(To to, std::string line);
  void plan_message();
  void plan_chunks();
  void plan_end();
  void on_line(std::string_view line);
  void on_reply(int code);
  void on_hello(int code);
  void on_data(int code);
  void on_dot(int code);
  void on_last_chunk(int code);
  void go_on();
  [[nodiscard]] std::string hello() const;
  [[nodiscard]] Message& now() { return messages_.at(message_); }

  Choices& random_;
  bool listens_;
  Protocol protocol_;
  bool has_crlf_;
  std::vector<Message> messages_;
  std::size_t message_ = 0;    ///< the one under way
  std::size_t recipient_ = 0;  ///< of it: the one that is answered next
  std::size_t dots_left_ = 0;  ///< answers to its end that are due
  std::string to_say_;
  std::string heard_;
  std::deque<Command> planned_;
  std::deque<To> awaited_{To::greeting};
  bool pipelines_ = false;
  bool chunks_ = false;
  bool has_said_helo_ = false;
  bool has_given_up_ = false;
  bool is_in_doubt_ = false;
  bool is_done_ = false;
};

}  // namespace sshsm::smtp
