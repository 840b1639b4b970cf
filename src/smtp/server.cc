#include "smtp/server.h"

#include "base/text.h"
#include "smtp/envelope_commands.h"

#include <array>
#include <utility>

namespace sshsm::smtp {

Server::Server(Manner manner, Names names, Observer observer)
    : manner_(manner),
      names_(std::move(names)),
      observer_(std::move(observer)),
      teller_(names_.destination, names_.host, max_untold),
      peer_(names_.helo, observer_) {}

const Server::Verb* Server::find_verb(std::string_view line) {
  static constexpr auto verbs = std::to_array<Verb>({
      {"LHLO", false, &Server::on_lhlo},
      {"EHLO", false, &Server::on_ehlo},
      {"HELO", false, &Server::on_helo},
      {"MAIL", true, &Server::on_mail},
      {"RCPT", true, &Server::on_rcpt},
      {"DATA", true, &Server::on_data},
      {"BDAT", false, &Server::on_bdat},
      {"RSET", false, &Server::on_rset},
      {"NOOP", false, &Server::on_noop},
      {"QUIT", false, &Server::on_quit},
  });
  for (const Verb& verb : verbs)
    if (has_verb(line, verb.word)) return &verb;
  return nullptr;
}

Wait Server::wait() const {
  return is_lost() || is_channel_gone_ ? Wait::nothing : peer_.wait();
}

Phase Server::phase() const {
  if (is_lost()) return phase_at_loss_;
  if (is_channel_gone_ || is_envelope_due()) return Phase::envelope;
  return content_ == Content::held ? Phase::data : peer_.phase();
}

std::size_t Server::replies_received() const {
  return replies_on_old_channels_ + peer_.replies_received();
}

bool Server::is_between_messages() const {
  return is_caller_greeted_ && peer_.is_idle() && !is_mail_accepted_ && content_ == Content::none;
}

bool Server::is_envelope_due() const {
  return is_mail_unanswered_ || !paths_asked_.empty();
}

/// What the caller says is content.
bool Server::is_in_content() const {
  return body_reader_ || (chunk_ && chunk_->left > 0);
}

bool Server::is_content_answer_due() const {
  return content_ == Content::sent || (chunk_ && chunk_->left == 0);
}

/// He who refused a sender or all recipients has no message.
bool Server::is_in_doubt() const {
  return peer_.is_in_doubt() && !sender_refusal_ && count_recipients() > 0;
}

bool Server::survives_end_of_channel() {
  if (is_lost()) return is_channel_gone_;
  if (may_begin_again() && !is_in_doubt()) begin_again();
  if (is_caller_greeted_ && may_hand_over() && !is_mail_accepted_) {
    is_channel_gone_ = true;
    go_on();
  }
  return is_channel_gone_;
}

bool Server::may_begin_again() const {
  return peer_.has_served() && !unanswered_.empty() && !manner_.has_one_channel;
}

/// As if nothing of the message had been taken up.
void Server::begin_again() {
  waiting_.insert(waiting_.begin(), unanswered_.begin(), unanswered_.end());
  unanswered_.clear();
  paths_asked_.clear();
  is_mail_given_ = is_mail_unanswered_ = false;
  if (content_ == Content::asked) content_ = Content::none;
  if (content_ == Content::sent) {
    content_ = Content::held;
    chunk_ = Chunk{0, 0, true};
  }
  peer_.drop_unsent();
  is_channel_gone_ = true;
  go_on();
}

void Server::on_new_channel() {
  replies_on_old_channels_ += peer_.replies_received();
  peer_ = Peer(names_.helo, observer_);
  wants_channel_ = is_channel_gone_ = is_channel_spent_ = false;
}

void Server::take_over(Peer peer, bool is_fresh) {
  on_new_channel();
  is_channel_fresh_ = is_fresh;
  peer_ = std::move(peer);
  peer_.set_observer(observer_);
  if (!is_caller_greeted_) greet_caller(peer_.capabilities());
  go_on();
}

void Server::greet(const Capabilities& offered) {
  greet_caller(offered);
  is_channel_gone_ = true;
}

bool Server::is_through_with_channel() const {
  const bool is_waiting = !waiting_.empty() && !wants_channel_;
  return is_between_messages() && !is_mail_given_ && !is_waiting && !is_lost() && !is_channel_gone_;
}

bool Server::may_hand_over() const {
  return !is_lost() && !is_channel_gone_ && peer_.is_ready() && content_ == Content::none &&
         !is_envelope_due();
}

Peer Server::hand_over() {
  if (is_mail_accepted_) peer_.say_rset();
  is_mail_accepted_ = false;
  is_channel_gone_ = true;
  peer_.note_end_of_service();
  replies_on_old_channels_ += peer_.replies_received();
  return std::exchange(peer_, Peer(names_.helo, observer_));
}

bool Server::awaits_caller() const {
  return is_caller_greeted_ && !is_lost() && wants_input() && wait() == Wait::nothing;
}

bool Server::wants_input() const {
  if (is_over()) return false;
  if (is_lost()) return true;
  if (!is_caller_greeted_ || !waiting_.empty() || is_content_answer_due()) return false;
  if (content_ == Content::asked || (is_envelope_due() && held_.size() > max_held)) return false;
  if (content_ == Content::streamed && !fate_) return peer_.may_add();
  return teller_.untold().size() < max_untold;
}

bool Server::is_over() const {
  if (is_last_word_said_) return true;
  if (!is_input_ended_) return false;
  const bool is_answer_due = is_envelope_due() || !waiting_.empty() || is_content_answer_due() ||
                             content_ == Content::asked || !is_caller_greeted_;
  return is_lost() || is_in_content() || !is_answer_due;
}

bool Server::is_cut_short() const {
  return is_over() && !is_last_word_said_ &&
         (is_in_content() || is_mail_given_ || !commands_.unfinished_line().empty());
}

bool Server::is_success() const {
  if (has_failed_) return false;
  return is_last_word_said_ || (is_over() && !is_lost() && !is_cut_short());
}

void Server::feed_some(std::string_view& bytes) {
  if (body_reader_)
    feed_content(bytes);
  else if (chunk_)
    feed_chunk(bytes);
  else
    feed_command(bytes);
}

void Server::end_of_input() {
  if (std::exchange(is_input_ended_, true) || is_last_word_said_) return;
  if (is_over() && !is_cut_short() && !is_lost()) hang_up();
}

void Server::feed_command(std::string_view& bytes) {
  std::optional<CommandReader::Line> line = commands_.read(bytes);
  if (!line) return;
  if (is_lost()) return take_up_when_lost(line->text);
  waiting_.push_back(*std::move(line));
  go_on();
}

/// Takes up what waits, as far as it may be.
void Server::go_on() {
  while (!waiting_.empty() && may_take_up(waiting_.front())) {
    const CommandReader::Line line = std::move(waiting_.front());
    waiting_.pop_front();
    take_up(line);
  }
  see_to_chunk();
}

bool Server::may_take_up(const CommandReader::Line& line) {
  if (may_ride(line)) return true;
  if (is_channel_gone_ && !has_verb(line.text, "MAIL")) return true;
  return (is_channel_gone_ || peer_.is_idle()) && has_channel_for(line.text);
}

/// A RCPT that can be sent rides behind what is unanswered. So does DATA for one recipient, but
/// where BDAT takes the message in as few turns; LMTP keeps the promise that nothing is begun which
/// may not be ended. A chunk is read meanwhile.
bool Server::may_ride(const CommandReader::Line& line) const {
  if (!is_mail_given_ || line.is_too_long) return false;
  if (is_chunk_command(line.text)) return parse_chunk(line.text).has_value();
  const bool is_behind_chunk = content_ != Content::none && !chunk_;
  if (sender_refusal_ || is_behind_chunk || !peer_.may_say()) return false;
  if (base::equals_ignoring_case(line.text, "DATA"))
    return !is_lmtp() && !peer_.capabilities().chunking && is_for_one_who_is_asked();
  const std::optional<PathCommand> command = parse_rcpt(line.text);
  if (!command ||
      missing_parameter({{}, {}, {{command->path, command->parameters}}}, peer_.capabilities()))
    return false;
  return count_recipients() < max_recipients;
}

/// There is exactly one recipient, and the mail server has not said what he thinks of him.
bool Server::is_for_one_who_is_asked() const {
  return recipients_asked_ == 1 && paths_asked_.size() == 1;
}

/// A message that nothing was said of yet takes a new channel where the old one is used up.
bool Server::has_channel_for(std::string_view line) {
  const bool is_spent =
      manner_.hands_over ? is_channel_spent_ : peer_.messages() >= manner_.messages_per_channel;
  if (!has_verb(line, "MAIL") || is_mail_given_ || !(is_channel_gone_ || is_spent)) return true;
  if (!wants_channel_ && !is_channel_gone_) hang_up();
  wants_channel_ = true;
  return false;
}

void Server::take_up(const CommandReader::Line& line) {
  if (is_chunk_command(line.text)) return on_bdat(line.text);
  if (line.is_too_long) return say("451 4.5.2", "this command line is too long");
  if (has_control(line.text)) return say("451 4.5.2", "a control character in a command");
  const Verb* const verb = find_verb(line.text);
  if (verb == nullptr) return say("502 5.5.1", "this command is not supported");
  if (verb->needs_hello && !has_said_hello_)
    return say("503 5.5.1", is_lmtp() ? "LHLO comes first" : "EHLO comes first");
  (this->*verb->handle)(line.text);
}

void Server::take_up_when_lost(const std::string& line) {
  if (has_verb(line, "QUIT")) return answer_quit();
  if (!is_chunk_command(line)) return tell_loss_to_reader();
  on_bdat(line);
  see_to_chunk();
}

void Server::feed_content(std::string_view& bytes) {
  constexpr std::size_t max_piece = 64 * 1024;
  std::string piece;
  bytes.remove_prefix(body_reader_->read(bytes, piece, max_piece));
  take_in(piece);
  if (body_reader_->is_complete()) end_content();
}

}  // namespace sshsm::smtp
