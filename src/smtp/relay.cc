#include "smtp/relay.h"

#include "base/text.h"
#include "smtp/judgement.h"
#include "smtp/path.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sshsm::smtp {
namespace {

using base::Cause;
using base::Failure;

bool has_one_of(std::string_view line, std::initializer_list<std::string_view> verbs) {
  return std::any_of(verbs.begin(), verbs.end(),
                     [line](std::string_view verb) { return has_verb(line, verb); });
}

/// Behind such a line comes the text of a message, if he who wrote it does not listen: DATA,
/// however it is written (a blank in front, a CR behind it where lines end in LF), and BDAT.
bool begins_message(std::string_view line) {
  line = base::trimmed(line);
  return base::starts_with_ignoring_case(line, "DATA") ||
         base::starts_with_ignoring_case(line, "BDAT");
}

}  // namespace

Relay::Relay(std::string destination, std::string host, Caller caller, Observer observer)
    : teller_(std::move(destination), std::move(host)),
      caller_(caller),
      observer_(std::move(observer)) {
  expected_.push_back({To::greeting, {}, 0});
}

const Relay::Verb* Relay::find_verb(std::string_view line) {
  static constexpr auto verbs = std::to_array<Verb>({
      {"HELO", To::helo, true},
      {"EHLO", To::ehlo, true},
      {"MAIL", To::mail, false},
      {"RCPT", To::rcpt, false},
      {"DATA", To::data, true},
      {"RSET", To::rset, false},
      {"NOOP", To::other, true},
      {"VRFY", To::other, true},
      {"EXPN", To::other, true},
      {"HELP", To::other, true},
      {"QUIT", To::quit, true},
  });
  for (const Verb& verb : verbs)
    if (has_verb(line, verb.word)) return &verb;
  return nullptr;
}

/// One row for each kind of reply: how long it is waited for, and what the log calls the moment.
const Relay::Due& Relay::due() const {
  static constexpr auto rows = std::to_array<Due>({
      {To::greeting, Wait::greeting, Phase::greeting},
      {To::ehlo, Wait::reply, Phase::hello},
      {To::helo, Wait::reply, Phase::hello},
      {To::mail, Wait::reply, Phase::envelope},
      {To::rcpt, Wait::reply, Phase::envelope},
      {To::data, Wait::go_ahead, Phase::data},
      {To::dot, Wait::dot, Phase::dot},
      {To::rset, Wait::reply, Phase::envelope},
      {To::quit, Wait::reply, Phase::envelope},
      {To::other, Wait::reply, Phase::envelope},
      {To::nothing, Wait::nothing, Phase::envelope},
  });
  static_assert(rows.size() == static_cast<std::size_t>(To::nothing) + 1);
  return rows[static_cast<std::size_t>(expected_.empty() ? To::nothing : expected_.front().to)];
}

Wait Relay::wait() const {
  if (is_lost()) return Wait::nothing;
  return to_server_.has_unsent_body() ? Wait::block : due().wait;
}

Phase Relay::phase() const {
  if (is_lost()) return phase_at_loss_;
  return body_reader_ ? Phase::data : due().phase;
}

bool Relay::is_in_doubt() const {
  return !expected_.empty() && expected_.front().to == To::dot && to_server_.sent() > doubt_from_;
}

bool Relay::is_held() const {
  return !expected_.empty() && (is_group_ended_ || !capabilities_.pipelining);
}

/// Nothing rides behind it, so it is the last.
bool Relay::is_quit_given() const {
  return !expected_.empty() && expected_.back().to == To::quit;
}

bool Relay::is_quit_due() const {
  return is_quit_given() && expected_.size() == 1;
}

bool Relay::wants_input() const {
  if (is_over()) return false;
  if (is_lost()) return true;
  return !is_held() && teller_.untold().size() < max_untold && expected_.size() < max_unanswered &&
         to_server_.unsent().size() < max_unsent;
}

bool Relay::is_over() const {
  if (is_quit_answered_) return true;
  return is_input_ended_ && (is_lost() || body_reader_ || expected_.empty());
}

bool Relay::is_cut_short() const {
  return is_over() && !is_quit_answered_ &&
         (body_reader_ || is_in_transaction_ || !commands_.unfinished_line().empty());
}

bool Relay::is_success() const {
  if (has_failed_ || (has_refusal_ && caller_ == Caller::may_not_listen)) return false;
  if (is_quit_answered_) return true;
  const bool is_enough = has_accepted_ || caller_ == Caller::listens;
  return is_over() && !is_lost() && !is_cut_short() && is_enough;
}

void Relay::feed_some(std::string_view& bytes) {
  body_reader_ ? feed_content(bytes) : feed_command(bytes);
}

void Relay::feed_command(std::string_view& bytes) {
  const std::optional<CommandReader::Line> line = commands_.read(bytes);
  if (line) on_command(*line);
}

void Relay::feed_content(std::string_view& bytes) {
  constexpr std::size_t max_piece = 64 * 1024;
  std::string piece;
  bytes.remove_prefix(body_reader_->read(bytes, piece, max_piece));
  if (!is_lost()) {
    body_size_ += piece.size();
    to_server_.append_body(stuffer_.stuff(piece));
  }
  if (body_reader_->is_complete()) end_content();
}

void Relay::end_content() {
  body_reader_.reset();
  if (is_lost()) return;
  doubt_from_ = to_server_.written();
  to_server_.append_body(stuffer_.end());
  if (observer_) observer_('>', base::concat({"(", std::to_string(body_size_), " octets)"}));
  if (observer_) observer_('>', ".");
  expected_.push_back({To::dot, {}, to_server_.written()});
  is_group_ended_ = true;
}

void Relay::on_command(const CommandReader::Line& line) {
  if (is_lost()) return on_command_when_lost(line.text);
  // What follows a refused DATA from somebody who does not listen is the text of his message.
  if (is_data_refused_ && caller_ == Caller::may_not_listen &&
      !has_one_of(line.text, {"QUIT", "RSET", "NOOP", "MAIL"}))
    return lose(
        Failure(Cause::caller_not_listening,
                base::concat({"went on behind a refused DATA: ", base::quoted(line.text, 40)})));
  if (has_one_of(line.text, {"RSET", "MAIL"})) is_data_refused_ = false;
  if (line.is_too_long) return refuse(line.text, "451 4.5.2", "this command line is too long");
  if (has_control(line.text))
    return refuse(line.text, "451 4.5.2", "a control character in a command");
  const Verb* const verb = find_verb(line.text);
  if (verb == nullptr) return refuse(line.text, "502 5.5.1", "this command is not supported");
  forward(*verb, line.text);
}

void Relay::on_command_when_lost(std::string_view line) {
  if (has_verb(line, "QUIT")) return answer_quit();
  // One who leaves so much unread does not read: to stop taking what he writes would hold up both.
  if (teller_.untold().size() < max_untold) tell_loss();
}

void Relay::answer_quit() {
  teller_.tell_line(teller_.own_reply("221 2.0.0", "closing"));
  is_quit_answered_ = true;
}

void Relay::refuse(std::string_view line, std::string_view code, std::string_view why) {
  has_refusal_ = true;
  if (begins_message(line)) is_data_refused_ = true;
  answer_in_turn(code, why);
}

void Relay::forward(const Verb& verb, const std::string& line) {
  to_server_.append(line);
  to_server_.append("\r\n");
  if (observer_) observer_('>', line);
  std::string path;
  if (verb.to == To::rcpt) {
    const std::optional<PathCommand> command = parse_rcpt(line);
    path = command ? command->path : line;
  }
  expected_.push_back({verb.to, std::move(path), to_server_.written()});
  is_group_ended_ = verb.ends_group;
}

void Relay::lose(const Failure& failure) {
  if (is_lost() || is_quit_answered_) return;
  const bool must_answer_quit = is_quit_given();
  const bool is_all_said = is_quit_due();
  if (!is_all_said) has_failed_ = true;
  give_up_line(failure);
  if (!is_all_said) tell_loss();
  if (must_answer_quit) answer_quit();
}

/// What is not decided stays with the caller: nobody else has it, or it may be that nobody has.
void Relay::give_up_line(const Failure& failure) {
  const Failure reason = is_in_doubt() ? maybe_delivered(failure) : failure;
  if (!message_.recipients.empty()) {
    settle_by_failure(message_, phase(), reason);
    note_outcome(std::exchange(message_, {}));
  }
  phase_at_loss_ = phase();
  expected_.clear();
  to_server_.drop_unsent();
  loss_ = reason;
}

}  // namespace sshsm::smtp
