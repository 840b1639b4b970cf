#pragma once

#include "base/failure.h"
#include "smtp/body_reader.h"
#include "smtp/command_reader.h"
#include "smtp/envelope.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sshsm::smtp {

/// Reads batch SMTP (RFC 2442). Bytes in, events out; holds one command line or one piece of a
/// body at a time, whatever the size of the message.
///
/// The first line says whether lines end in CRLF or LF, and only that ends a command, a body line
/// and the final dot. What comes out of a body is canonical: unstuffed, every line end (also a bare
/// CR or LF inside a line) made CRLF, so that whoever stuffs and sends it cannot be made to end it
/// early (SMTP smuggling).
///
/// HELO, EHLO, NOOP, VRFY, RSET and QUIT are understood and lead to no event; RSET, HELO and EHLO
/// drop an envelope. QUIT does not end the reading, so that batches laid end to end lose nothing
/// (`has_quit` says that one may stop there);
/// inside a transaction it is malformed, since that message would be lost without a word.
/// The last line may lack its line end if it is one of these; a final dot may not.
class BatchReader {
 public:
  /// A command line with all its parameters, without its line end; longer is malformed.
  static constexpr std::size_t max_command_line = CommandReader::max_line;
  /// Of one message; one more is malformed.
  static constexpr std::size_t max_recipients = 10000;
  /// What waits in `take_body()` never grows past this; nothing is fed before it is taken.
  static constexpr std::size_t max_body_piece = 65536;

  enum class Event {
    need_input,   ///< feed more, or say that there is no more
    envelope,     ///< `envelope()` is complete: DATA was read
    body,         ///< `take_body()` has bytes; the same event again until they are taken
    message_end,  ///< the final dot was read
    end,          ///< the batch ended where it may
  };

  /// Takes bytes from the front of `bytes` and says how many; takes none while an event waits.
  [[nodiscard]] std::size_t feed(std::string_view bytes);
  /// The input ended.
  void end_of_input();

  /// The next event. Throws `Failure` batch_malformed (with the line's number and a piece of it)
  /// for what is not batch SMTP, batch_truncated where the input ends inside a message or behind
  /// MAIL, batch_empty where it ends without any message. After that nothing more can be read.
  [[nodiscard]] Event next();

  /// QUIT was read, and nothing behind it: whoever wrote it may keep his input open without a word.
  [[nodiscard]] bool has_quit() const noexcept { return has_quit_ && !body_reader_ && !failure_; }

  /// The last one that was complete, until the next MAIL is read.
  [[nodiscard]] const Envelope& envelope() const noexcept { return envelope_; }
  /// The body read since the last call, canonical. Empties it.
  [[nodiscard]] std::string take_body();
  /// The line that was read last, counted from 1; 0 before the first. For messages to people.
  [[nodiscard]] std::size_t line_number() const noexcept;
  /// What ends its lines, once the first one was read.
  [[nodiscard]] std::optional<LineEnd> line_end() const noexcept { return commands_.line_end(); }

 private:
  using Handler = void (BatchReader::*)(std::string_view line);
  struct Verb {
    std::string_view word;
    bool takes_arguments;
    bool is_idle;  ///< carries no mail: harmless also as an unfinished last line
    Handler handle;
  };
  [[nodiscard]] static const Verb* find_verb(std::string_view line);

  [[nodiscard]] bool is_waiting() const noexcept;
  [[nodiscard]] std::size_t read_command(std::string_view bytes);
  [[nodiscard]] std::size_t read_body(std::string_view bytes);
  void end_command_line(const CommandReader::Line& line);
  void handle_command(std::string_view line);
  void ignore(std::string_view line);
  void on_quit(std::string_view line);
  void drop_envelope(std::string_view line);
  void on_mail(std::string_view line);
  void on_rcpt(std::string_view line);
  void on_data(std::string_view line);
  void end_outside_body();
  void fail_malformed(std::string_view why, std::string_view line);
  void fail_truncated();

  CommandReader commands_;
  std::size_t line_number_ = 0;
  Envelope envelope_;
  bool is_in_transaction_ = false;
  bool has_quit_ = false;
  std::optional<BodyReader> body_reader_;
  std::string body_;
  std::size_t message_count_ = 0;
  bool is_ended_ = false;
  Event event_ = Event::need_input;  ///< an envelope, or a message_end behind what is in `body_`
  std::optional<base::Failure> failure_;
};

}  // namespace sshsm::smtp
