#include "base/text.h"
#include "smtp/envelope_commands.h"
#include "smtp/server.h"

#include <utility>
#include <vector>

namespace sshsm::smtp {
namespace {

using base::Cause;
using base::Failure;

std::string size_keyword(const Capabilities& capabilities) {
  return capabilities.max_size ? "SIZE " + std::to_string(*capabilities.max_size) : "SIZE";
}

}  // namespace

void Server::on_lhlo(const std::string& line) {
  if (begin_hello(Protocol::lmtp, line)) teller_.tell({250, offers()});
}

void Server::on_ehlo(const std::string& line) {
  if (begin_hello(Protocol::smtp, line)) teller_.tell({250, offers()});
}

void Server::on_helo(const std::string& line) {
  if (begin_hello(Protocol::smtp, line)) teller_.tell({250, {names_.helo}});
}

/// False where it was refused.
bool Server::begin_hello(Protocol protocol, const std::string& line) {
  if (protocol != manner_.protocol) {
    say("500 5.5.1", is_lmtp() ? "this is LMTP: say LHLO" : "this is SMTP: say EHLO");
    return false;
  }
  if (base::words_of(line).size() < 2) {
    say("501 5.5.4", base::concat({line.substr(0, 4), " needs a name"}));
    return false;
  }
  end_transaction();
  has_said_hello_ = true;
  return true;
}

/// The three that we can keep our word for by ourselves, and what the mail server offers.
std::vector<std::string> Server::offers() const {
  std::vector<std::string> lines{names_.helo, "PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME"};
  if (offered_.size) lines.push_back(size_keyword(offered_));
  if (offered_.dsn) lines.emplace_back("DSN");
  if (offered_.smtputf8) lines.emplace_back("SMTPUTF8");
  if (manner_.takes_chunks) lines.emplace_back("CHUNKING");
  return lines;
}

void Server::on_mail(const std::string& line) {
  if (is_mail_given_) return say("503 5.5.1", "a message is begun already");
  const std::optional<PathCommand> command = parse_mail(line);
  if (!command) return say("451 4.5.2", "this MAIL is not understood");
  const Envelope envelope{command->path, command->parameters, {}};
  if (const auto missing = missing_parameter(envelope, peer_.capabilities()))
    return refuse_parameter(*missing);
  message_ = {};
  recipients_asked_ = 0;
  sender_refusal_.reset();
  is_mail_given_ = true;
  is_mail_unanswered_ = true;
  is_channel_spent_ = true;
  unanswered_ = {{line, false}};
  peer_.say_mail(envelope_commands(envelope, peer_.capabilities()).front());
}

void Server::on_rcpt(const std::string& line) {
  if (!is_mail_given_) return say("503 5.5.1", "MAIL comes first");
  if (content_ != Content::none && !chunk_) return say("503 5.5.1", "the message is begun already");
  const std::optional<PathCommand> command = parse_rcpt(line);
  if (!command) return say("451 4.5.2", "this RCPT is not understood");
  if (sender_refusal_) return refuse_sender(command->path);
  const Envelope envelope{{}, {}, {{command->path, command->parameters}}};
  if (const auto missing = missing_parameter(envelope, peer_.capabilities()))
    return refuse_parameter(*missing);
  if (count_recipients() >= max_recipients) return say("452 4.5.3", "too many recipients");
  ++recipients_asked_;
  paths_asked_.push_back(command->path);
  if (!unanswered_.empty()) unanswered_.push_back({line, false});
  peer_.say_rcpt(envelope_commands(envelope, peer_.capabilities()).back());
}

void Server::on_data(const std::string& line) {
  if (content_ != Content::none) return say("503 5.5.1", "this message comes by BDAT");
  if (is_envelope_due()) return ask_for_content(line);
  if (message_.recipients.empty()) {
    has_failed_ = true;
    return say("503 5.5.1", "no recipient was accepted");
  }
  body_reader_.emplace(*commands_.line_end());
  content_ = Content::held;
  held_.clear();
  teller_.tell_line("354 end the message with a dot");
}

void Server::ask_for_content(const std::string& line) {
  content_ = Content::asked;
  if (!unanswered_.empty()) unanswered_.push_back({line, false});
  peer_.begin_message();
}

void Server::on_rset(const std::string& /*line*/) {
  end_transaction();
  say("250 2.0.0", "reset");
}

void Server::on_noop(const std::string& /*line*/) {
  say("250 2.0.0", "here");
}

void Server::on_quit(const std::string& /*line*/) {
  hang_up();
  answer_quit();
}

void Server::hang_up() {
  if (!is_channel_gone_ && !manner_.hands_over && content_ == Content::none) peer_.say_quit();
}

/// Of a message that is decided, or for nobody, the rest is read and dropped.
void Server::take_in(std::string_view piece) {
  if (is_lost() || fate_ || count_recipients() == 0) return;
  if (content_ == Content::streamed) return peer_.add(piece);
  if (content_ != Content::held) return;
  held_ += piece;
  if (held_.size() > max_held && !is_envelope_due()) stream_content();
}

/// What rides may have to be said again.
void Server::stream_content() {
  content_ = Content::streamed;
  peer_.begin_message();
  peer_.add(held_);
  if (unanswered_.empty()) held_.clear();
}

void Server::pass_on_end() {
  if (content_ == Content::held) stream_content();
  content_ = Content::sent;
  peer_.end_message();
}

void Server::end_content() {
  body_reader_.reset();
  if (is_lost() || fate_) return tell_fate();
  pass_on_end();
}

/// What the mail server still knows of the envelope he must forget before another.
void Server::end_transaction() {
  if (content_ == Content::streamed) peer_.abandon_message();
  content_ = Content::none;
  held_.clear();
  fate_.reset();
  if (peer_.is_stuck()) leave_channel();
  if (is_mail_accepted_ && !is_channel_gone_) peer_.say_rset();
  is_mail_given_ = is_mail_accepted_ = false;
  message_ = {};
}

/// The mail server is in DATA, and nothing but a final dot leads out.
void Server::leave_channel() {
  peer_.drop_unsent();
  is_channel_gone_ = true;
}

void Server::say(std::string_view code, std::string_view text) {
  teller_.tell_line(teller_.own_reply(code, text));
}

void Server::refuse_parameter(const std::string& parameter) {
  teller_.tell_failure("451", Failure(Cause::parameter_not_offered, parameter));
}

}  // namespace sshsm::smtp
