#include "law.h"
#include "witness.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace sshsm::fuzz {
namespace {

/// The first four letters, in capitals.
std::string verb_of(std::string_view line) {
  std::string verb(line.substr(0, 4));
  for (char& c : verb)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 0x20);
  return verb;
}

/// What stands between the first brackets.
std::string path_in(std::string_view line) {
  const std::size_t start = std::min(line.find('<'), line.size());
  return std::string(line.substr(start, line.find('>', start) - start));
}

/// Every line end made CRLF.
std::string completed(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_line_end = text[i] == '\r' || text[i] == '\n';
    if (text.substr(i).starts_with("\r\n")) ++i;
    if (is_line_end)
      out += "\r\n";
    else
      out += text[i];
  }
  return out;
}

bool is_control(char c) {
  return (c >= 0 && c < ' ') || c == 0x7f;
}

}  // namespace

Witness::Witness(Ours ours) : ours_(ours), questions_{{To::greeting, {}, {}, 0}} {}

void Witness::hear_client(std::string_view bytes) {
  if (is_ours_client()) {
    check_line_ends(bytes);
    require(!is_over_ || state_ == State::command || bytes.empty(), "no text behind the end",
            bytes);
  }
  input_ += bytes;
  while (step()) {
  }
  input_.erase(0, std::exchange(at_, 0));
}

/// A CR and an LF mean nothing but a line end, one behind the other: some server ends a message at
/// less.
void Witness::check_line_ends(std::string_view bytes) {
  for (const char octet : bytes) {
    if ((octet == '\n') != (last_octet_ == '\r')) break_law("no bare CR or LF goes out", bytes);
    last_octet_ = octet;
  }
}

bool Witness::step() {
  if (state_ == State::chunk) {
    take_chunk();
    return state_ == State::command;
  }
  std::string_view line;
  if (!take_line(line)) return false;
  state_ == State::data ? on_data_line(line) : on_command(line);
  return true;
}

/// The first line says what ends a line for us as a server; we ourselves end them with CRLF.
bool Witness::take_line(std::string_view& line) {
  const std::string_view rest = std::string_view(input_).substr(at_);
  if (is_first_line_ && !is_ours_client()) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return false;
    has_crlf_ = end > 0 && rest[end - 1] == '\r';
  }
  const std::string_view line_end = has_crlf_ ? "\r\n" : "\n";
  const std::size_t size = rest.find(line_end);
  if (size == std::string_view::npos) return false;
  is_first_line_ = false;
  line = rest.substr(0, size);
  at_ += size + line_end.size();
  position_ += size + line_end.size();
  return true;
}

void Witness::take_chunk() {
  const std::size_t count = std::min<std::size_t>(chunk_left_, input_.size() - at_);
  chunk_->text += std::string_view(input_).substr(at_, count);
  at_ += count;
  position_ += count;
  chunk_left_ -= count;
  if (chunk_left_ > 0) return;
  state_ = State::command;
  if (is_last_chunk_ && content_ == chunk_) content_.reset();
}

void Witness::on_data_line(std::string_view line) {
  if (line == ".") {
    state_ = State::command;
    ask({To::end, {}, std::exchange(content_, {}), position_});
    return;
  }
  if (line.starts_with('.')) line.remove_prefix(1);
  if (!has_crlf_ && line.ends_with('\r')) line.remove_suffix(1);
  content_->text += completed(line) + "\r\n";
}

void Witness::on_command(std::string_view line) {
  const std::string verb = verb_of(line);
  if (is_ours_client()) {
    check_turn(line);
    require(std::none_of(line.begin(), line.end(), is_control), "no control in a command", line);
  }
  if (verb == "BDAT" && takes_chunks()) return on_bdat(line);
  To to = To::other;
  if (verb == "EHLO" || verb == "HELO" || verb == "LHLO") to = To::hello;
  if (verb == "MAIL") to = To::mail;
  if (verb == "RCPT") to = To::rcpt;
  if (verb == "RSET") to = To::rset;
  if (verb == "DATA") to = To::data;
  if (verb == "QUIT") to = To::quit;
  // A client gives up what he has begun; a server may refuse to hear of it.
  const bool gives_up = to == To::hello || to == To::mail || to == To::rset;
  if (is_ours_client() && gives_up) content_.reset();
  ask({to, to == To::rcpt ? path_in(line) : "", {}, position_});
}

/// Nothing before the greeting; without PIPELINING nothing before the last answer; with it nothing
/// behind EHLO, DATA, QUIT and what RFC 2920 3.1 lists beside them.
void Witness::check_turn(std::string_view line) const {
  require(!is_over_ || line == "QUIT", "nothing is said behind the end", line);
  if (questions_.empty()) return;
  require(pipelines_, "without PIPELINING each command waits for the last answer", line);
  const To last = questions_.back().to;
  require(last != To::greeting && last != To::hello && last != To::data && last != To::quit &&
              last != To::other,
          "nothing is said behind EHLO, DATA and QUIT before their answers", line);
}

/// What is not `BDAT 10` or `BDAT 10 LAST` has no octets that anybody could count.
void Witness::on_bdat(std::string_view line) {
  std::string_view digits = line.substr(4);
  digits.remove_prefix(std::min(digits.find_first_not_of(" \t"), digits.size()));
  const std::string_view rest = digits.substr(std::min(digits.find_first_of(" \t"), digits.size()));
  is_last_chunk_ = rest.find_first_not_of(" \t") != std::string_view::npos;
  if (!content_) content_ = std::make_shared<Content>();
  chunk_ = content_;
  chunk_left_ = std::strtoull(std::string(digits).c_str(), nullptr, 10);
  ask({is_last_chunk_ ? To::end : To::chunk, {}, content_, position_ + chunk_left_});
  state_ = State::chunk;
}

void Witness::ask(Question question) {
  if (!is_over_) questions_.push_back(std::move(question));
}

std::vector<Witness::Message> Witness::messages() const {
  std::vector<Message> all = messages_;
  for (const Question& question : questions_)
    if (question.to == To::end && question.whole_at <= position_)
      all.push_back({{}, whole_text(*question.content), 0});
  return all;
}

/// What came in chunks is as it was said, and its last line may lack its end.
std::string Witness::whole_text(const Content& content) {
  const std::string text = completed(content.text);
  return text.empty() || text.ends_with('\n') ? text : text + "\r\n";
}

}  // namespace sshsm::fuzz
