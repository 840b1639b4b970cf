#pragma once

#include "base/failure.h"
#include "smtp/body_reader.h"
#include "smtp/command_reader.h"
#include "smtp/intermediary.h"
#include "smtp/line_completer.h"
#include "smtp/observer.h"
#include "smtp/outcome.h"
#include "smtp/path.h"
#include "smtp/peer.h"
#include "smtp/teller.h"

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::smtp {

/// What the caller speaks.
enum class Protocol {
  smtp,  ///< RFC 5321
  lmtp,  ///< RFC 2033
};

/// An SMTP or LMTP server whose store is the mail server at the far side: the caller is told of
/// each recipient by the answer that the mail server gave, and in LMTP behind the final dot once
/// for each who was accepted, since SMTP has one answer for all.
///
/// Every command is taken up when all answers before it were given, so that answers need no places
/// kept for them, but for what rides together where the mail server offers PIPELINING: MAIL, its
/// RCPTs, and with exactly one RCPT the message.
///
/// A message of up to `max_held` octets is read to its end before the mail server is told of it; a
/// longer one is passed on as it comes. One whose input ends early is never completed. DATA is
/// answered by us, but where it rides: then his mail server has said it.
///
/// With `takes_chunks` a message may come by BDAT (RFC 3030). It leaves as it does otherwise, with
/// its line ends made whole: by BDAT or DATA, as the mail server has it. The octets of a chunk that
/// cannot be taken are read all the same; where it is not said how many they are, the session ends.
///
/// A sender who is refused is answered 250, and each of his recipients with that refusal: some
/// callers leave the words of a refused MAIL out of the bounce.
///
/// Refusals that are a mistake of ours or of an administrator, and commands that cannot be sent on,
/// become 451 and bounce nobody's mail. Once the line is lost each command is answered 421, a
/// message that was being read 451 for each recipient, and QUIT as ever.
class Server final : public Intermediary {
 public:
  /// Of one message; one more is answered 452, as RFC 5321 4.5.3.1.10 says.
  static constexpr std::size_t max_recipients = 1000;
  /// Octets, canonical.
  static constexpr std::size_t max_held = 1024 * 1024;
  /// With so much untold to the caller no more input is taken; with so much untold once the line is
  /// lost, no more commands are answered but QUIT. Behind it a reply is told in one line: the mail
  /// server chooses its length, and each of `max_recipients` may be due it.
  static constexpr std::size_t max_untold = 64 * 1024;
  /// Octets that a chunk may announce.
  static constexpr std::size_t max_chunk = std::size_t{1} << 40;

  struct Names {
    std::string helo;  ///< who we say we are, to both sides
    std::string destination;
    std::string host;
  };

  struct Manner {
    Protocol protocol = Protocol::lmtp;
    /// After so many messages the next one wants another channel.
    std::size_t messages_per_channel = 1;
    /// Channels are lent, by `take_over` for one message each; QUIT is not passed on.
    bool hands_over = false;
    /// CHUNKING is offered to one who speaks SMTP.
    bool takes_chunks = false;
    /// There will be no other: no message is begun again, and a 421 is told as it was said.
    bool has_one_channel = false;
  };

  Server(Manner manner, Names names, Observer observer = {});

  /// Also throws hello_refused.
  void receive(std::string_view bytes) override;
  [[nodiscard]] std::string_view to_server() const override { return peer_.output(); }
  void sent_to_server(std::size_t count) override { peer_.sent(count); }
  [[nodiscard]] bool is_greeted() const override { return peer_.is_greeted(); }
  [[nodiscard]] Wait wait() const override;
  [[nodiscard]] Phase phase() const override;
  [[nodiscard]] std::size_t replies_received() const override;
  [[nodiscard]] std::string_view unfinished_line() const override {
    return peer_.unfinished_line();
  }
  [[nodiscard]] bool is_in_doubt() const override;

  /// True between messages. Also where a message was begun on a channel that had served before, and
  /// nothing of it was answered: he may have hung up while it was idle. It is begun again on
  /// another channel, unless so much of it was sent that he may have it.
  [[nodiscard]] bool survives_end_of_channel() override;
  [[nodiscard]] bool wants_channel() const override { return wants_channel_; }
  void on_new_channel() override;
  /// In place of `on_new_channel`: one on which the mail server has greeted and is idle. Where it
  /// is not sure that he is there any more (`is_fresh` is false), no message rides, so that none is
  /// in doubt before he has answered MAIL.
  void take_over(Peer peer, bool is_fresh = true);
  /// Before the first channel: what will be offered is known from others.
  void greet(const Capabilities& offered);
  /// The caller has begun no message on the channel, or is through with it: with `hands_over` it is
  /// of no use to him until `wants_channel`.
  [[nodiscard]] bool is_through_with_channel() const;
  /// The channel can serve nobody any more; the session goes on without it.
  [[nodiscard]] bool has_lost_channel() const { return is_channel_gone_; }
  /// The channel may serve somebody else: no part of a message is on it, and no answer is due but
  /// to a RSET.
  [[nodiscard]] bool may_hand_over() const;
  /// Its mail server, who forgets the envelope that he may know. The session has no channel then.
  [[nodiscard]] Peer hand_over();

  [[nodiscard]] bool awaits_caller() const override;
  /// Not before the mail server has answered EHLO, nor while a command or a message waits for its
  /// answer.
  [[nodiscard]] bool wants_input() const override;
  void end_of_input() override;
  [[nodiscard]] std::string_view to_caller() const override { return teller_.untold(); }
  void sent_to_caller(std::size_t count) override { teller_.told(count); }

  /// Each command that waits for an answer is told 421 with the reason, or the caller is if none
  /// does; each recipient of a message that was sent 451, of one that is being read at its end.
  void lose(const base::Failure& failure) override;
  void lose_idle_caller(const base::Failure& failure) override;
  [[nodiscard]] const std::optional<base::Failure>& loss() const override { return loss_; }
  [[nodiscard]] bool is_over() const override;
  [[nodiscard]] bool is_cut_short() const override;
  /// It ended by an answered QUIT or by the end of the input outside a transaction, and every DATA
  /// was answered 2yz in the end.
  [[nodiscard]] bool is_success() const override;

 private:
  using Handler = void (Server::*)(const std::string& line);
  struct Verb {
    std::string_view word;
    bool needs_hello;
    Handler handle;
  };
  enum class Content {
    none,
    asked,     ///< DATA rides, and its answer is due
    held,      ///< read to its end before the mail server is told of it
    streamed,  ///< passed on as it comes
    sent,      ///< its end was given, its answer is due
  };
  struct Chunk {
    std::size_t size;  ///< announced
    std::size_t left;  ///< of it, to be read; with none its answer is due
    bool is_last;
  };
  [[nodiscard]] static const Verb* find_verb(std::string_view line);

  // server.cc: what the caller says.
  void feed_some(std::string_view& bytes) override;
  void feed_command(std::string_view& bytes);
  void feed_content(std::string_view& bytes);
  void go_on();
  [[nodiscard]] bool may_take_up(const CommandReader::Line& line);
  [[nodiscard]] bool may_ride(const CommandReader::Line& line) const;
  /// Of this message: accepted, or asked for and not answered.
  [[nodiscard]] std::size_t count_recipients() const {
    return message_.recipients.size() + paths_asked_.size();
  }
  [[nodiscard]] bool is_for_one_who_is_asked() const;
  void take_up(const CommandReader::Line& line);
  void take_up_when_lost(const std::string& line);
  [[nodiscard]] bool has_channel_for(std::string_view line);
  [[nodiscard]] bool is_between_messages() const;
  [[nodiscard]] bool is_envelope_due() const;
  [[nodiscard]] bool is_in_content() const;
  [[nodiscard]] bool is_content_answer_due() const;
  [[nodiscard]] bool may_begin_again() const;
  void begin_again();

  // server_commands.cc: one function for each command.
  void on_lhlo(const std::string& line);
  void on_ehlo(const std::string& line);
  void on_helo(const std::string& line);
  void on_mail(const std::string& line);
  void on_rcpt(const std::string& line);
  void on_data(const std::string& line);
  void on_rset(const std::string& line);
  void on_noop(const std::string& line);
  void on_quit(const std::string& line);
  void ask_for_content(const std::string& line);
  void take_in(std::string_view piece);
  void stream_content();
  void pass_on_end();
  void end_content();
  [[nodiscard]] bool is_lmtp() const { return manner_.protocol == Protocol::lmtp; }
  [[nodiscard]] bool begin_hello(Protocol protocol, const std::string& line);
  [[nodiscard]] std::vector<std::string> offers() const;
  void end_transaction();
  void leave_channel();
  void hang_up();
  void say(std::string_view code, std::string_view text);
  void refuse_parameter(const std::string& parameter);

  // server_chunks.cc: a message that comes by BDAT.
  [[nodiscard]] bool is_chunk_command(std::string_view line) const;
  [[nodiscard]] static std::optional<Chunk> parse_chunk(std::string_view line);
  void on_bdat(const std::string& line);
  void feed_chunk(std::string_view& bytes);
  void see_to_chunk();
  [[nodiscard]] bool may_chunk_ride() const;
  void answer_chunk(const Chunk& chunk);

  // server_replies.cc: what the mail server says, and how the line is lost.
  void on_answer(const Peer::Answer& answer);
  void on_mail_answer(const Reply& reply);
  void on_rcpt_answer(const Reply& reply);
  void on_go_ahead();
  void on_ride_in_vain();
  void on_content_refusal(const Reply& reply);
  void on_end_answer(const Reply& reply);
  void settle(Phase phase, const Reply& reply);
  void on_hang_up(const Reply& reply);
  void refuse_sender(std::string path);
  void on_envelope_refusal(std::string_view command, std::string path, const Reply& reply);
  void greet_caller(const Capabilities& offered);
  void tell_fate();
  void tell_loss();
  void tell_loss_to_reader();
  [[nodiscard]] std::size_t count_who_wait() const;
  void tell_who_waits(const std::function<void()>& tell);
  void take_in_unanswered();
  void push_outcome();
  void give_up_message(const base::Failure& failure);
  void give_up_line(base::Failure loss);
  void answer_quit();

  Manner manner_;
  Names names_;
  Observer observer_;
  Teller teller_;
  CommandReader commands_;
  Peer peer_;

  std::deque<CommandReader::Line> waiting_;  ///< read, and not taken up yet
  bool is_caller_greeted_ = false;
  bool has_said_hello_ = false;

  bool is_mail_given_ = false;     ///< as the caller knows it
  bool is_mail_accepted_ = false;  ///< RSET is due before another MAIL
  bool is_mail_unanswered_ = false;
  std::optional<Reply> sender_refusal_;  ///< the caller was told 250, and each recipient is refused
  std::deque<std::string> paths_asked_;  ///< of the RCPTs without an answer
  std::size_t recipients_asked_ = 0;     ///< of this message
  /// MAIL and its RCPTs, as the caller said them, until the first answer to one of them.
  std::deque<CommandReader::Line> unanswered_;
  MessageOutcome message_;  ///< its recipients accepted so far

  Content content_ = Content::none;
  std::optional<BodyReader> body_reader_;
  std::optional<Chunk> chunk_;  ///< read before all that waits behind it
  LineCompleter chunk_lines_;
  std::string held_;           ///< where it rides, until the first answer
  std::optional<Reply> fate_;  ///< the mail server's word about the message in hand

  std::size_t replies_on_old_channels_ = 0;
  Capabilities offered_;  ///< by the mail server who has or had the channel
  bool is_channel_fresh_ = true;
  bool is_channel_spent_ = false;
  bool wants_channel_ = false;
  bool is_channel_gone_ = false;

  bool has_failed_ = false;
  bool is_last_word_said_ = false;
  bool is_input_ended_ = false;
  std::optional<base::Failure> loss_;
  Phase phase_at_loss_ = Phase::greeting;
};

}  // namespace sshsm::smtp
