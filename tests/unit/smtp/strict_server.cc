#include "strict_server.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

namespace sshsm::smtp {
namespace {

constexpr std::string_view crlf = "\r\n";

constexpr auto troubles = std::to_array<std::string_view>(
    {"450 4.2.1 busy", "451 later", "421 4.3.2 shutting down", "500 what?", "503 5.5.1 order",
     "530 5.7.0 who?", "550 5.1.1 no", "554-5.7.1 no\r\n554 5.7.1 never", "354 go on", "250 odd",
     "no reply", "220 hello"});

/// What stands between the brackets, with them.
std::string path_in(std::string_view line) {
  const std::size_t start = line.find('<');
  return std::string(line.substr(start, line.find('>') - start + 1));
}

}  // namespace

StrictServer::StrictServer(Choices& random, unsigned trouble, Peer peer)
    : random_(random),
      trouble_(trouble),
      peer_(peer),
      has_pipelining_(roll(700)),
      has_chunking_(roll(500)),
      is_lax_(roll(trouble)) {
  (void)answer("220 mx.friend.example");
}

void StrictServer::receive(std::string_view bytes) {
  check_line_ends(bytes);
  input_ += bytes;
  while (!is_closed_ && step()) {
  }
  input_.erase(0, taken_);
  taken_ = 0;
}

std::string_view StrictServer::rest() const {
  return std::string_view(input_).substr(taken_);
}

std::string StrictServer::take(std::size_t count) {
  std::string taken(rest().substr(0, count));
  taken_ += taken.size();
  return taken;
}

std::string StrictServer::take_replies(std::size_t count) {
  const std::string taken = replies_.substr(0, count);
  replies_.erase(0, taken.size());
  return taken;
}

bool StrictServer::roll(unsigned of_a_thousand) {
  return random_() % 1000 < of_a_thousand;
}

bool StrictServer::step() {
  switch (state_) {
    case State::command:
      return step_command();
    case State::data:
      return step_data();
    case State::chunk:
      return step_chunk();
  }
  return false;
}

bool StrictServer::step_command() {
  const std::size_t end = rest().find(crlf);
  if (end == std::string::npos) return false;
  const std::string line = take(end);
  take(crlf.size());
  check_order(line);
  handle(line);
  return true;
}

/// A CR and an LF mean nothing but a line end, one behind the other: other servers end messages at
/// less.
void StrictServer::check_line_ends(std::string_view bytes) {
  for (const char octet : bytes) {
    if ((octet == '\n') != (last_octet_ == '\r')) FAIL("a bare CR or LF");
    last_octet_ = octet;
  }
}

/// Without PIPELINING nothing is said before the last answer was heard, and with it nothing behind
/// EHLO and DATA.
void StrictServer::check_order(std::string_view line) const {
  CAPTURE(line);
  CHECK(line.find_first_of(crlf) == std::string_view::npos);
  if (!has_pipelining_ || !is_hello_done_) CHECK(replies_.empty());
}

bool StrictServer::step_data() {
  if (rest().starts_with(".\r\n")) {
    take(3);
    state_ = State::command;
    end_message();
    return true;
  }
  const std::size_t end = rest().find(crlf);
  if (end == std::string::npos) return false;
  const std::size_t stuffing = rest().starts_with('.') ? 1 : 0;
  now_.body += take(end + crlf.size()).substr(stuffing);
  return true;
}

bool StrictServer::step_chunk() {
  const std::size_t count = std::min(chunk_left_, rest().size());
  if (count == 0 && chunk_left_ > 0) return false;
  now_.body += take(count);
  chunk_left_ -= count;
  if (chunk_left_ > 0) return false;
  state_ = State::command;
  if (is_broken_ || now_.recipients.empty()) {
    reply("503 5.5.1 no recipients, or broken");
    return true;
  }
  if (is_last_chunk_)
    end_message();
  else
    is_broken_ = !answer("250 2.0.0 octets");
  return true;
}

void StrictServer::handle(std::string_view line) {
  if (line.starts_with("EHLO ")) return on_ehlo();
  if (line.starts_with("HELO ")) {
    has_pipelining_ = has_chunking_ = false;
    is_hello_done_ = answer("250 mx.friend.example");
    return;
  }
  if (line.starts_with("MAIL FROM:<")) return on_mail(line);
  if (line.starts_with("RCPT TO:<")) return on_rcpt(line);
  if (line == "DATA") return on_data();
  if (line.starts_with("BDAT ")) return on_bdat(line);
  if (line == "RSET") {
    if (answer("250 2.0.0 forgotten")) reset();
    return;
  }
  CHECK(rest().empty());
  if (line == "NOOP") {
    (void)answer("250 2.0.0 nothing");
    return;
  }
  CHECK(line == "QUIT");
  reply("221 2.0.0 bye");
  is_closed_ = true;
}

void StrictServer::on_ehlo() {
  CHECK(rest().empty());
  std::string good = "250-mx.friend.example\r\n";
  if (has_pipelining_) good += "250-PIPELINING\r\n";
  if (has_chunking_) good += "250-CHUNKING\r\n";
  good += "250 SIZE";
  const std::size_t before = replies_.size();
  is_hello_done_ = answer(good);
  // An odd 2yz offers nothing.
  if (replies_.compare(before, good.size(), good) != 0) has_pipelining_ = has_chunking_ = false;
}

void StrictServer::on_mail(std::string_view line) {
  if (has_sender_) return reply("503 5.5.1 nested MAIL");
  reset();
  has_sender_ = answer("250 2.1.0 sender");
  now_.sender = path_in(line);
}

void StrictServer::on_rcpt(std::string_view line) {
  if (!has_sender_ && !is_lax_) return reply("503 5.5.1 no MAIL");
  ++recipients_asked_;
  if (answer("250 2.1.5 recipient")) now_.recipients.push_back(path_in(line));
}

void StrictServer::on_data() {
  CHECK(rest().empty());
  if (peer_ != Peer::relay) CHECK_FALSE(has_chunking_);
  check_recipients();
  if (peer_ == Peer::client && recipients_asked_ > 1)
    CHECK(now_.recipients.size() == recipients_asked_);
  // Exim says 354 even when there is no recipient.
  if (now_.recipients.empty() && roll(500)) return reply("503 5.5.1 no recipients");
  if (answer("354 go on")) state_ = State::data;
}

void StrictServer::on_bdat(std::string_view line) {
  CHECK((has_chunking_ && peer_ != Peer::relay));
  if (!is_broken_) check_recipients();
  if (peer_ == Peer::client && recipients_asked_ > 1)
    CHECK(now_.recipients.size() == recipients_asked_);
  std::string_view number = line.substr(5);
  is_last_chunk_ = number.ends_with(" LAST");
  if (is_last_chunk_) number.remove_suffix(5);
  chunk_left_ = std::stoul(std::string(number));
  state_ = State::chunk;
}

/// With one recipient the message may ride behind his RCPT, and that behind a refused MAIL.
void StrictServer::check_recipients() const {
  if (peer_ == Peer::server && has_sender_ && recipients_asked_ != 1)
    CHECK_FALSE(now_.recipients.empty());
}

void StrictServer::end_message() {
  const bool is_taken = answer("250 2.0.0 queued");
  if (is_taken && !now_.recipients.empty()) deliveries_.push_back(now_);
  if (is_taken || !is_last_chunk_ || !is_lax_) return reset();
  now_.body.clear();
}

void StrictServer::reset() {
  now_ = {};
  has_sender_ = false;
  is_broken_ = false;
  recipients_asked_ = 0;
}

/// A 2yz by way of trouble means what it says, too; only what SMTP has no word for means nothing.
bool StrictServer::answer(std::string_view good) {
  if (!roll(trouble_)) {
    reply(good);
    return true;
  }
  const std::string_view bad = troubles[random_() % troubles.size()];
  reply(bad);
  if (bad.starts_with("421")) is_closed_ = true;
  return good.front() == bad.front();
}

void StrictServer::reply(std::string_view line) {
  replies_ += line;
  replies_ += crlf;
}

}  // namespace sshsm::smtp
