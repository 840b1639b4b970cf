#include "smtp/batch_reader.h"

#include "base/text.h"
#include "smtp/path.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sshsm::smtp {
namespace {

using base::Cause;

/// How much of a line a failure shows.
constexpr std::size_t max_shown = 80;

}  // namespace

const BatchReader::Verb* BatchReader::find_verb(std::string_view line) {
  static constexpr auto verbs = std::to_array<Verb>({
      {"HELO", true, true, &BatchReader::drop_envelope},
      {"EHLO", true, true, &BatchReader::drop_envelope},
      {"RSET", false, true, &BatchReader::drop_envelope},
      {"NOOP", true, true, &BatchReader::ignore},
      {"VRFY", true, true, &BatchReader::ignore},
      {"QUIT", false, true, &BatchReader::on_quit},
      {"MAIL", true, false, &BatchReader::on_mail},
      {"RCPT", true, false, &BatchReader::on_rcpt},
      {"DATA", false, false, &BatchReader::on_data},
  });
  const std::size_t end = std::min(line.find(' '), line.size());
  const bool has_arguments = !base::trimmed(line.substr(end)).empty();
  for (const Verb& verb : verbs)
    if (base::equals_ignoring_case(line.substr(0, end), verb.word))
      return has_arguments && !verb.takes_arguments ? nullptr : &verb;
  return nullptr;
}

std::size_t BatchReader::feed(std::string_view bytes) {
  if (!body_.empty()) return 0;
  std::size_t taken = 0;
  while (taken < bytes.size() && !is_waiting()) {
    const std::string_view rest = bytes.substr(taken);
    taken += body_reader_ ? read_body(rest) : read_command(rest);
  }
  return taken;
}

bool BatchReader::is_waiting() const noexcept {
  return event_ != Event::need_input || failure_ || is_ended_ ||
         body_.size() + BodyReader::max_growth > max_body_piece;
}

void BatchReader::end_of_input() {
  if (failure_ || is_ended_) return;
  if (body_reader_ || event_ == Event::envelope) return fail_truncated();
  end_outside_body();
}

BatchReader::Event BatchReader::next() {
  if (event_ == Event::envelope) return std::exchange(event_, Event::need_input);
  if (!body_.empty()) return Event::body;
  if (event_ == Event::message_end) return std::exchange(event_, Event::need_input);
  if (failure_) throw base::Failure(*failure_);
  return is_ended_ ? Event::end : Event::need_input;
}

std::string BatchReader::take_body() {
  return std::exchange(body_, {});
}

std::size_t BatchReader::line_number() const noexcept {
  return line_number_ + (body_reader_ ? body_reader_->line_count() : 0);
}

std::size_t BatchReader::read_body(std::string_view bytes) {
  const std::size_t taken = body_reader_->read(bytes, body_, max_body_piece);
  if (body_reader_->is_complete()) {
    line_number_ = line_number();
    body_reader_.reset();
    ++message_count_;
    event_ = Event::message_end;
  }
  return taken;
}

std::size_t BatchReader::read_command(std::string_view bytes) {
  const std::size_t size = bytes.size();
  has_quit_ = false;
  std::optional<CommandReader::Line> line = commands_.read(bytes);
  // What is wrong already need not wait for the line's end, which may never come.
  const std::string& unfinished = commands_.unfinished_line();
  if (commands_.is_too_long() || unfinished.ends_with('\n'))
    line = {unfinished, commands_.is_too_long()};
  if (line) end_command_line(*line);
  return size - bytes.size();
}

void BatchReader::end_command_line(const CommandReader::Line& line) {
  ++line_number_;
  if (line.is_too_long) return fail_malformed("a command line is too long", line.text);
  handle_command(line.text);
}

void BatchReader::handle_command(std::string_view line) {
  if (has_control(line)) return fail_malformed("a control character in a command", line);
  const Verb* const verb = find_verb(line);
  if (verb == nullptr) return fail_malformed("not a command of batch SMTP", line);
  (this->*verb->handle)(line);
}

void BatchReader::ignore(std::string_view) {}

void BatchReader::on_quit(std::string_view line) {
  if (is_in_transaction_) return fail_malformed("QUIT inside a transaction", line);
  has_quit_ = true;
}

void BatchReader::drop_envelope(std::string_view) {
  is_in_transaction_ = false;
}

void BatchReader::on_mail(std::string_view line) {
  if (is_in_transaction_) return fail_malformed("MAIL inside a transaction", line);
  std::optional<PathCommand> command = parse_mail(line);
  if (!command) return fail_malformed("cannot read this MAIL", line);
  envelope_ = Envelope{std::move(command->path), std::move(command->parameters), {}};
  is_in_transaction_ = true;
}

void BatchReader::on_rcpt(std::string_view line) {
  if (!is_in_transaction_) return fail_malformed("RCPT without MAIL", line);
  std::optional<PathCommand> command = parse_rcpt(line);
  if (!command) return fail_malformed("cannot read this RCPT", line);
  if (envelope_.recipients.size() == max_recipients)
    return fail_malformed("too many recipients", line);
  envelope_.recipients.push_back({std::move(command->path), std::move(command->parameters)});
}

void BatchReader::on_data(std::string_view line) {
  if (!is_in_transaction_) return fail_malformed("DATA without MAIL", line);
  if (envelope_.recipients.empty()) return fail_malformed("DATA without RCPT", line);
  is_in_transaction_ = false;
  body_reader_.emplace(*commands_.line_end());
  event_ = Event::envelope;
}

void BatchReader::end_outside_body() {
  if (const std::string& line = commands_.unfinished_line(); !line.empty()) {
    ++line_number_;
    const Verb* const verb = has_control(line) ? nullptr : find_verb(line);
    if (verb == nullptr || !verb->is_idle) return fail_truncated();
    handle_command(line);
  }
  if (is_in_transaction_) return fail_truncated();
  if (message_count_ == 0) {
    failure_.emplace(Cause::batch_empty);
    return;
  }
  is_ended_ = true;
}

void BatchReader::fail_malformed(std::string_view why, std::string_view line) {
  failure_.emplace(Cause::batch_malformed,
                   base::concat({"line ", std::to_string(line_number_), ": ", why, ": ",
                                 base::quoted(line, max_shown)}));
}

void BatchReader::fail_truncated() {
  failure_.emplace(Cause::batch_truncated, base::concat({"line ", std::to_string(line_number())}));
}

}  // namespace sshsm::smtp
