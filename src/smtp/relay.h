#pragma once

#include "base/failure.h"
#include "smtp/body_reader.h"
#include "smtp/capabilities.h"
#include "smtp/command_reader.h"
#include "smtp/dot_stuffer.h"
#include "smtp/intermediary.h"
#include "smtp/observer.h"
#include "smtp/outcome.h"
#include "smtp/output_buffer.h"
#include "smtp/reply.h"
#include "smtp/teller.h"
#include "smtp/wait.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace sshsm::smtp {

/// SMTP passed line by line between a caller, who speaks to us as to `sendmail -bs`, and the mail
/// server at the far side. It is no blind tunnel, because blind tunnels lose mail: no descriptor,
/// no clock; bytes from both in, bytes to both out.
///
/// To the mail server goes nothing before his greeting, nothing behind EHLO or DATA before its
/// answer, no pipelined command where he does not offer PIPELINING, no command but those of RFC
/// 5321 and no line end but CRLF. The caller is told every reply as it came, but for these: EHLO's
/// loses the keywords that a relay cannot keep its word for; 500 to 504, 530, 535 and 555 to MAIL,
/// RCPT, DATA and the final dot, and any 5yz to HELO, become 451 with the reply quoted, since they
/// are a mistake of ours or of an administrator and must bounce nobody's mail; and control octets,
/// which no reply may hold, become question marks.
///
/// Once the line is lost the caller is told 421 with the reason, what he still sends of a message
/// is dropped, and QUIT is answered.
class Relay final : public Intermediary {
 public:
  /// Commands on the way without an answer.
  static constexpr std::size_t max_unanswered = 100;
  /// With so much unsent to the mail server, or untold to the caller, no more input is taken; with
  /// so much untold once the line is lost, no more commands are answered but QUIT.
  static constexpr std::size_t max_unsent = 256 * 1024;
  static constexpr std::size_t max_untold = 64 * 1024;
  /// The mail server has said so much more than the caller has taken that it cannot be answers.
  static constexpr std::size_t max_flood = 1024 * 1024;
  /// Recipients of one message whose outcome is told; those beyond are passed on all the same.
  static constexpr std::size_t max_recorded = 1000;

  enum class Caller {
    listens,         ///< he said that he speaks SMTP
    may_not_listen,  ///< he may be writing a batch with pauses in it
  };

  /// `destination` and `host` name the far side in our own replies.
  Relay(std::string destination, std::string host, Caller caller, Observer observer = {});

  /// Also throws text_before_greeting, greeting_refused, reply_malformed, reply_unexpected.
  void receive(std::string_view bytes) override;
  [[nodiscard]] std::string_view to_server() const override { return to_server_.unsent(); }
  void sent_to_server(std::size_t count) override { to_server_.sent(count); }
  [[nodiscard]] bool is_greeted() const override { return is_greeted_; }
  [[nodiscard]] Wait wait() const override;
  [[nodiscard]] Phase phase() const override;
  [[nodiscard]] std::size_t replies_received() const override { return replies_received_; }
  [[nodiscard]] std::string_view unfinished_line() const override {
    return replies_.unfinished_line();
  }
  [[nodiscard]] bool is_in_doubt() const override;

  /// Not before the greeting came, nor behind a command whose answer is awaited.
  [[nodiscard]] bool wants_input() const override;
  void end_of_input() override { is_input_ended_ = true; }
  [[nodiscard]] std::string_view to_caller() const override { return teller_.untold(); }
  void sent_to_caller(std::size_t count) override { teller_.told(count); }

  /// 421 with the reason to the caller. A message in doubt is told as such. A QUIT that waits for
  /// its answer is answered by us instead, without the 421 if it is all that waits.
  void lose(const base::Failure& failure) override;
  [[nodiscard]] const std::optional<base::Failure>& loss() const override { return loss_; }
  /// QUIT was answered, or the input ended and no answer is due. A message that the end of the
  /// input cut off is never completed.
  [[nodiscard]] bool is_over() const override;
  [[nodiscard]] bool is_cut_short() const override;
  /// It ended by an answered QUIT or by the end of the input outside a transaction, and every DATA
  /// was answered 2yz in the end; for a caller who may not listen, so was every MAIL and RCPT, no
  /// command was refused by us, and without QUIT there was a message: a batch that was cut off
  /// behind its EHLO ends so, too.
  [[nodiscard]] bool is_success() const override;

 private:
  struct Expected {
    enum class To { greeting, ehlo, helo, mail, rcpt, data, dot, rset, quit, other, nothing };

    To to;
    std::string text;            ///< the recipient's path for `rcpt`, our own reply for `nothing`
    std::uint64_t due_from = 0;  ///< a reply before so many octets were sent answers nothing
  };
  using To = Expected::To;
  struct Due {
    To to;
    Wait wait;
    Phase phase;
  };
  [[nodiscard]] const Due& due() const;
  struct Verb {
    std::string_view word;
    To to;
    bool ends_group;  ///< nothing may ride behind it (RFC 2920 3.1)
  };
  [[nodiscard]] static const Verb* find_verb(std::string_view line);

  // relay.cc: what the caller says.
  void feed_some(std::string_view& bytes) override;
  void feed_command(std::string_view& bytes);
  void feed_content(std::string_view& bytes);
  void on_command(const CommandReader::Line& line);
  void on_command_when_lost(std::string_view line);
  void forward(const Verb& verb, const std::string& line);
  void refuse(std::string_view line, std::string_view code, std::string_view why);
  void end_content();
  [[nodiscard]] bool is_held() const;
  [[nodiscard]] bool is_quit_given() const;
  [[nodiscard]] bool is_quit_due() const;

  // relay_replies.cc: what the mail server says, one function for each kind of reply.
  void on_reply(const Reply& reply);
  void dispatch(const Expected& expected, const Reply& reply);
  void on_hang_up(const Reply& reply);
  void on_early_reply(const Reply& reply);
  void on_greeting(const Reply& reply);
  void on_ehlo(const Reply& reply);
  void on_helo(const Reply& reply);
  void on_hello_done(const Reply& reply);
  void on_mail(const Reply& reply);
  void on_rcpt(const std::string& path, const Reply& reply);
  void on_data(const Reply& reply);
  void on_dot(const Reply& reply);
  void on_rset(const Reply& reply);
  void on_quit(const Reply& reply);
  void on_envelope_refusal(std::string_view command, const std::string& path, const Reply& reply);
  void on_refusal(std::string_view command, const Reply& reply);
  void settle(Phase phase, const Reply& reply);
  void end_transaction();

  // relay_replies.cc: what the caller is told.
  void tell(const Reply& reply) { teller_.tell(reply); }
  void tell_loss();
  void answer_in_turn(std::string_view code, std::string_view text);
  void tell_own_answers();

  void give_up_line(const base::Failure& failure);
  void answer_quit();

  Teller teller_;
  Caller caller_;
  Observer observer_;
  CommandReader commands_;
  ReplyReader replies_;
  OutputBuffer to_server_;
  Capabilities capabilities_;
  std::deque<Expected> expected_;
  bool is_group_ended_ = false;            ///< the last command must be answered before the next
  std::optional<BodyReader> body_reader_;  ///< inside a message
  DotStuffer stuffer_;
  std::size_t body_size_ = 0;
  std::uint64_t doubt_from_ = 0;  ///< once more was sent, the mail server may have the message
  MessageOutcome message_;        ///< its recipients accepted so far
  std::size_t replies_received_ = 0;
  bool is_greeted_ = false;
  bool is_in_transaction_ = false;
  bool is_data_refused_ = false;  ///< and nothing came since that a listener would say then
  bool has_accepted_ = false;     ///< the mail server, a message
  bool has_failed_ = false;       ///< a message, or the line before QUIT was given
  bool has_refusal_ = false;
  bool is_quit_answered_ = false;
  bool is_input_ended_ = false;
  std::optional<base::Failure> loss_;
  Phase phase_at_loss_ = Phase::greeting;
};

}  // namespace sshsm::smtp
