#pragma once

#include "smtp/capabilities.h"
#include "smtp/dot_stuffer.h"
#include "smtp/observer.h"
#include "smtp/outcome.h"
#include "smtp/output_buffer.h"
#include "smtp/reply.h"
#include "smtp/wait.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sshsm::smtp {

/// The mail server at the far side on one channel, as `Server` speaks to him: greets him by
/// itself, takes MAIL and RCPT one by one and a message in pieces, and gives the answer to each.
/// Where `Client` gives a message to all its recipients or to none, this one gives it to those
/// whom he accepted.
class Peer {
 public:
  /// A message that is not whole yet goes out in chunks of this many octets, or one less.
  static constexpr std::size_t chunk_size = 256 * 1024;
  /// Chunks on the way without an answer, where PIPELINING is offered; else one.
  static constexpr std::size_t max_chunks_unanswered = 4;
  /// Commands on the way without an answer.
  static constexpr std::size_t max_unanswered = 100;
  /// With so much of a message unsent or held back no more of it is taken.
  static constexpr std::size_t max_unsent = 256 * 1024;

  /// What a reply was given to.
  enum class To {
    mail,
    rcpt,
    go_ahead,  ///< to DATA: the message may come
    content,   ///< the message was refused before its end: RSET is due
    end,       ///< of the message: it and its envelope are done with
    hang_up,   ///< 421, whatever it answers: nothing more is said or heard
  };
  struct Answer {
    To to;
    Reply reply;
  };

  Peer(std::string helo, Observer observer);

  void set_observer(Observer observer) { observer_ = std::move(observer); }

  /// Reads from the front of `bytes` up to the next answer that is of interest; all of them if
  /// there is none. Throws `Failure` text_before_greeting, greeting_refused, hello_refused,
  /// reply_malformed, reply_unexpected.
  [[nodiscard]] std::optional<Answer> receive(std::string_view& bytes);
  [[nodiscard]] std::string_view output() const { return output_.unsent(); }
  void sent(std::size_t count) { output_.sent(count); }

  [[nodiscard]] bool is_greeted() const { return is_greeted_; }
  /// He has answered EHLO or HELO.
  [[nodiscard]] bool is_ready() const { return is_ready_; }
  /// No answer is due.
  [[nodiscard]] bool is_idle() const { return is_ready_ && expected_.empty(); }
  [[nodiscard]] const Capabilities& capabilities() const { return capabilities_; }
  [[nodiscard]] Wait wait() const;
  [[nodiscard]] Phase phase() const;
  /// Messages that he answered.
  [[nodiscard]] std::size_t messages() const { return messages_; }
  /// He served a message or a session before, and may have hung up since without anybody's fault.
  [[nodiscard]] bool has_served() const { return has_served_; }
  void note_end_of_service() { has_served_ = true; }
  [[nodiscard]] std::size_t replies_received() const { return replies_received_; }
  [[nodiscard]] std::string_view unfinished_line() const { return replies_.unfinished_line(); }
  [[nodiscard]] bool is_in_doubt() const;
  /// He refused a message inside DATA, where the only way out is the final dot.
  [[nodiscard]] bool is_stuck() const { return is_stuck_; }

  /// Another command may be on the way; only then `say_mail` and `say_rcpt` are called.
  [[nodiscard]] bool may_say() const;
  void say_mail(const std::string& line);
  void say_rcpt(const std::string& line);
  /// Forgets the envelope; `is_idle` tells when he has.
  void say_rset();
  /// Asks whether he is there; `is_idle` tells when he has answered.
  void say_noop();
  /// Only where no answer is due; else it is left unsaid.
  void say_quit();

  /// Begins a message for the recipients accepted so far, or asked for where `may_say`: then it
  /// rides behind what is unanswered. Nothing is ever sent that would end it but by `end_message`.
  void begin_message();
  [[nodiscard]] bool may_add() const;
  /// Canonical text. What is added to a message that was decided is dropped.
  void add(std::string_view piece);
  void end_message();
  /// The message that rides has no recipient: if DATA is answered 354 a lone dot leads out (RFC
  /// 2920 3.1), and the answer to that is given as the one to its end.
  void call_off();
  /// Forgets the message, which is never ended; RSET is due, but where he `is_stuck`.
  void abandon_message();

  /// The line is lost.
  void drop_unsent();

 private:
  struct Expected {
    enum class For { greeting, ehlo, helo, mail, rcpt, rset, noop, data, chunk, end };

    For command;
    /// A reply before so many octets were sent answers nothing; a chunk may be refused when its
    /// command was.
    std::uint64_t refusable_from;
    std::uint64_t due_from;
  };
  using For = Expected::For;
  enum class Content {
    none,        ///< no message is under way, or it is decided
    asked,       ///< DATA is unanswered
    called_off,  ///< DATA is unanswered, and nothing is to follow it
    data,        ///< dot-stuffed, to its final dot
    chunked,     ///< BDAT
  };

  // peer.cc
  void say(const std::string& line);
  void expect(For command);
  [[nodiscard]] std::optional<Answer> on_reply(const Reply& reply);
  [[nodiscard]] std::optional<Answer> dispatch(For command, const Reply& reply);
  [[nodiscard]] Answer on_early_reply(const Reply& reply);
  void on_greeting(const Reply& reply);
  void on_ehlo(const Reply& reply);
  void on_helo(const Reply& reply);

  // peer_content.cc
  [[nodiscard]] std::optional<Answer> on_data(const Reply& reply);
  [[nodiscard]] std::optional<Answer> on_chunk(const Reply& reply);
  [[nodiscard]] std::optional<Answer> on_end(const Reply& reply);
  [[nodiscard]] Answer decided(To to, const Reply& reply);
  void move_content();
  void say_chunks();
  void say_chunk(std::size_t size, bool is_last);
  [[nodiscard]] bool may_say_chunk() const;
  void note_end();

  std::string helo_;
  Observer observer_;
  ReplyReader replies_;
  OutputBuffer output_;
  Capabilities capabilities_;
  std::deque<Expected> expected_;
  std::size_t replies_received_ = 0;
  std::size_t messages_ = 0;
  bool has_served_ = false;
  bool is_greeted_ = false;
  bool is_ready_ = false;
  bool is_stuck_ = false;

  Content content_ = Content::none;
  std::string held_;  ///< of the message: until the go-ahead came, or a chunk is full
  DotStuffer stuffer_;
  std::size_t body_size_ = 0;
  bool is_whole_ = false;      ///< the caller ended it
  bool is_end_given_ = false;  ///< the final dot or the last chunk is in the output
  std::size_t chunks_unanswered_ = 0;
  /// Once so much was sent, he may have all of the message.
  std::uint64_t doubt_from_ = std::numeric_limits<std::uint64_t>::max();
};

}  // namespace sshsm::smtp
