#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::fuzz {

/// Somebody who reads along on one line of SMTP or LMTP, and knows from the octets alone which
/// reply answers which command and which messages were taken. It is written from RFC 5321, 2920,
/// 3030 and 2033 and shares no code with the machines, whose side of the line it holds to the
/// rules; the other side may say what it likes.
class Witness {
 public:
  /// On which side of the line our machine is.
  enum class Ours { client, smtp_server, chunking_server, lmtp_server };

  struct Message {
    std::vector<std::string> recipients;  ///< accepted
    std::string body;                     ///< canonical
    int code = 0;                         ///< of the answer to its end; 0 while there is none
  };

  explicit Witness(Ours ours);

  void hear_client(std::string_view bytes);
  void hear_server(std::string_view bytes);

  /// Every message whose end was said, in order.
  [[nodiscard]] std::vector<Message> messages() const;
  /// Nothing more can be said by a client: the server hung up, or said what is no answer.
  [[nodiscard]] bool is_over() const { return is_over_; }
  /// The server took a sender and has not been told to forget it.
  [[nodiscard]] bool knows_envelope() const { return has_sender_; }

 private:
  enum class State { command, data, chunk };
  enum class To { greeting, hello, mail, rcpt, rset, data, chunk, end, quit, other };

  /// A text on its way, by DATA or by BDAT.
  struct Content {
    std::string text;
    int refusal = 0;  ///< of one of its chunks
  };
  struct Question {
    To to;
    std::string path;
    std::shared_ptr<Content> content;  ///< for `chunk` and `end`
    std::uint64_t whole_at = 0;        ///< all of it was said when so many octets were
  };

  [[nodiscard]] bool is_ours_client() const { return ours_ == Ours::client; }
  [[nodiscard]] bool takes_chunks() const {
    return ours_ == Ours::client || ours_ == Ours::chunking_server;
  }

  [[nodiscard]] static std::string whole_text(const Content& content);

  // The client's words.
  void check_line_ends(std::string_view bytes);
  [[nodiscard]] bool step();
  [[nodiscard]] bool take_line(std::string_view& line);
  void take_chunk();
  void on_command(std::string_view line);
  void check_turn(std::string_view line) const;
  void on_bdat(std::string_view line);
  void on_data_line(std::string_view line);
  void ask(Question question);

  // The server's words.
  void on_reply_line(std::string_view line);
  void check_reply_line(std::string_view line) const;
  void on_reply(int code);
  [[nodiscard]] bool is_answer(const Question& question, int code) const;
  void on_unasked(int code);
  void answer(const Question& question, int code);
  void on_hello(int code);
  void on_end(const Question& question, int code);
  void begin_data();
  void forget_envelope();

  Ours ours_;
  State state_ = State::command;
  char last_octet_ = '\0';  ///< of the client
  bool has_crlf_ = true;
  bool is_first_line_ = true;
  std::string input_;
  std::size_t at_ = 0;          ///< what of `input_` was read
  std::uint64_t position_ = 0;  ///< octets of the client that were read
  std::uint64_t chunk_left_ = 0;
  bool is_last_chunk_ = false;
  std::shared_ptr<Content> content_;  ///< what is begun and not ended
  std::shared_ptr<Content> chunk_;    ///< what the chunk under way belongs to

  std::string reply_;                     ///< the beginning of a line
  std::vector<std::string> reply_lines_;  ///< of one reply
  std::size_t reply_size_ = 0;
  std::deque<Question> questions_;
  bool pipelines_ = false;
  bool is_greeted_ = false;
  bool is_over_ = false;

  bool has_sender_ = false;
  std::vector<std::string> recipients_;
  std::size_t answers_left_ = 0;  ///< to the end of one message, in LMTP
  std::vector<Message> messages_;
};

}  // namespace sshsm::fuzz
