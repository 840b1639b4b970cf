#include "random_caller.h"

#include <doctest/doctest.h>

#include <array>
#include <utility>

namespace sshsm::smtp {
namespace {

constexpr auto pieces = std::to_array<std::string_view>(
    {"x", "some text", ".", "..", "\r", "\r.\r", "\r.", ".\r", "MAIL FROM:<evil@e.example>", "QUIT",
     "\rMAIL FROM:<evil@e.example>\rRCPT TO:<evil@e.example>\rDATA\r", "DATA",
     // From here on only where lines end in CRLF.
     "\n", "\n.\n", "\n.", ".\n",
     "\nMAIL FROM:<evil@e.example>\nRCPT TO:<evil@e.example>\nDATA\n"});
constexpr std::size_t pieces_without_lf = 12;

/// The line as it must arrive: every CR and LF in it is a line end.
std::string canonical(std::string line, bool has_crlf) {
  if (!has_crlf && line.ends_with('\r')) line.pop_back();  // with the LF behind it, one line end
  std::string out;
  for (const char c : line) out += c == '\r' || c == '\n' ? std::string("\r\n") : std::string(1, c);
  return out + "\r\n";
}

}  // namespace

RandomCaller::RandomCaller(Choices& random, bool listens, Protocol protocol)
    : random_(random), listens_(listens), protocol_(protocol), has_crlf_(random() % 2 == 0) {
  const std::size_t count = 1 + random_() % 4;
  for (std::size_t i = 0; i < count; ++i) messages_.push_back(make_message(i));
  if (!listens_) write_all();
}

RandomCaller::Message RandomCaller::make_message(std::size_t index) {
  Message message;
  message.sender = "<m" + std::to_string(index) + "@a.example>";
  const std::size_t recipients = 1 + (random_() % 2) * (random_() % 4);
  for (std::size_t i = 0; i < recipients; ++i)
    message.recipients.push_back("<r" + std::to_string(i) + "@b.example>");
  const std::string line_end = has_crlf_ ? "\r\n" : "\n";
  const bool is_long = random_.once_in(1000);
  const std::size_t many = protocol_ == Protocol::lmtp ? 90000 : 30000;
  const std::size_t lines = is_long ? many : random_() % 12;
  for (std::size_t i = 0; i <= lines; ++i) {
    const std::string line = i == 0 ? "Subject: " + std::to_string(index) : make_line();
    message.raw += line + line_end;
    message.text += (line.starts_with('.') ? "." : "") + line + line_end;
    message.body += canonical(line, has_crlf_);
  }
  message.text += "." + line_end;
  return message;
}

std::string RandomCaller::make_line() {
  std::string line;
  for (std::size_t count = random_() % 4; count > 0; --count) {
    const std::string_view piece =
        pieces[random_() % (has_crlf_ ? pieces.size() : pieces_without_lf)];
    if (!line.ends_with('\r') || !piece.starts_with('\n')) line += piece;
  }
  return line;
}

/// Without a look at the answers; what they are to is known all the same.
void RandomCaller::write_all() {
  say({To::hello, "EHLO client.example"});
  for (message_ = 0; message_ < messages_.size(); ++message_) {
    plan_message();
    pipelines_ = true;
    say_planned();
    to_say_ += now().text;
  }
  message_ = 0;
  if (random_() % 2 == 0) say({To::quit, "QUIT"});
  is_done_ = true;
}

void RandomCaller::say(const Command& command) {
  to_say_ += command.line + (has_crlf_ ? "\r\n" : "\n") + command.octets;
  awaited_.push_back(command.to);
}

/// All at once, or the first.
void RandomCaller::say_planned() {
  while (!planned_.empty() && (pipelines_ || awaited_.empty())) {
    say(planned_.front());
    planned_.pop_front();
  }
}

void RandomCaller::plan(To to, std::string line) {
  planned_.push_back({to, std::move(line), {}});
}

void RandomCaller::plan_message() {
  if (random_() % 20 == 0) plan(To::other, "NOOP");
  if (random_() % 20 == 0) plan(To::other, "STARTTLS");
  plan(To::mail, "MAIL FROM:" + now().sender);
  for (const std::string& recipient : now().recipients) plan(To::rcpt, "RCPT TO:" + recipient);
  if (chunks_ && random_() % 4 != 0) return plan_chunks();
  plan(To::data, "DATA");
}

void RandomCaller::plan_chunks() {
  std::string rest = now().raw;
  while (random_() % 3 == 0) {
    const std::string chunk = rest.substr(0, random_() % (rest.size() + 1));
    rest.erase(0, chunk.size());
    planned_.push_back({To::chunk, "BDAT " + std::to_string(chunk.size()), chunk});
  }
  planned_.push_back({To::dot, "BDAT " + std::to_string(rest.size()) + " LAST", rest});
}

void RandomCaller::plan_end() {
  planned_.clear();
  if (random_() % 4 != 0) plan(To::quit, "QUIT");
  is_done_ = true;
}

std::string RandomCaller::hello() const {
  return protocol_ == Protocol::lmtp ? "LHLO client.example" : "EHLO client.example";
}

void RandomCaller::hear(std::string_view bytes) {
  heard_ += bytes;
  for (std::size_t end = heard_.find("\r\n"); end != std::string::npos; end = heard_.find("\r\n")) {
    const std::string line = heard_.substr(0, end);
    heard_.erase(0, end + 2);
    CHECK(line.find_first_of("\r\n") == std::string::npos);
    on_line(line);
  }
}

void RandomCaller::on_line(std::string_view line) {
  if (line.find("may have been delivered") != std::string_view::npos) is_in_doubt_ = true;
  if (line == "250-PIPELINING") pipelines_ = true;
  if (line == "250 CHUNKING") chunks_ = true;
  REQUIRE(line.size() >= 3);
  if (line.size() == 3 || line[3] == ' ') on_reply(std::stoi(std::string(line.substr(0, 3))));
}

void RandomCaller::on_reply(int code) {
  if (has_given_up_) return;
  if (code == 421) {
    has_given_up_ = true;
    if (listens_ && awaited_ != std::deque{To::quit}) say({To::quit, "QUIT"});
    is_done_ = true;
    return;
  }
  REQUIRE_FALSE(awaited_.empty());
  const To to = awaited_.front();
  awaited_.pop_front();
  const bool is_good = code / 100 == 2;
  switch (to) {
    case To::greeting:
      if (listens_) plan(To::hello, hello());
      break;
    case To::hello:
      on_hello(code);
      break;
    case To::mail:
      recipient_ = 0;
      break;
    case To::rcpt:
      if (is_good) now().accepted_recipients.push_back(now().recipients.at(recipient_));
      ++recipient_;
      break;
    case To::data:
      on_data(code);
      break;
    case To::dot:
      dots_left_ > 0 ? on_dot(code) : on_last_chunk(code);
      break;
    case To::rset:
      is_good ? go_on() : plan_end();
      break;
    case To::chunk:
    case To::other:
    case To::quit:
      break;
  }
  if (listens_) say_planned();
}

void RandomCaller::on_hello(int code) {
  if (!listens_) return;
  if (code / 100 == 2) return plan_message();
  if (has_said_helo_) return plan_end();
  has_said_helo_ = true;
  plan(To::hello, "HELO client.example");
}

void RandomCaller::on_data(int code) {
  now().is_begun = true;
  if (code == 354) {
    if (listens_) to_say_ += now().text;
    dots_left_ = protocol_ == Protocol::lmtp ? now().accepted_recipients.size() : 1;
    REQUIRE(dots_left_ > 0);
    awaited_.insert(awaited_.begin(), dots_left_, To::dot);
    return;
  }
  if (listens_) plan(To::rset, "RSET");
}

void RandomCaller::on_dot(int code) {
  now().is_accepted = code / 100 == 2;
  if (--dots_left_ == 0) go_on();
}

/// Behind a refused chunk the state is not known (RFC 3030 2).
void RandomCaller::on_last_chunk(int code) {
  now().is_begun = true;
  now().is_accepted = code / 100 == 2;
  now().is_accepted ? go_on() : plan(To::rset, "RSET");
}

void RandomCaller::go_on() {
  ++message_;
  if (!listens_) return;
  if (message_ == messages_.size()) return plan_end();
  plan_message();
}

}  // namespace sshsm::smtp
