#include "law.h"
#include "smtp/reply.h"
#include "witness.h"

#include <algorithm>
#include <cstdlib>

namespace sshsm::fuzz {
namespace {

/// `PIPELINING` in a line of the answer to EHLO, behind its code.
bool offers_pipelining(std::string_view line) {
  constexpr std::string_view word = "PIPELINING";
  line.remove_prefix(std::min<std::size_t>(line.size(), 4));
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (line.size() < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i)
    if ((line[i] & ~0x20) != word[i]) return false;
  return line.size() == word.size() ||
         std::string_view(" \t=").find(line[word.size()]) != std::string_view::npos;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// 0 where it is no line of a reply.
int code_of(std::string_view line) {
  if (line.size() < 3 || !std::all_of(line.begin(), line.begin() + 3, is_digit)) return 0;
  if (line.size() > 3 && line[3] != ' ' && line[3] != '-') return 0;
  return std::atoi(std::string(line.substr(0, 3)).c_str());
}

}  // namespace

void Witness::hear_server(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t size = bytes.find('\n');
    reply_ += bytes.substr(0, size);
    bytes.remove_prefix(size == std::string_view::npos ? bytes.size() : size + 1);
    if (!is_ours_client()) require(reply_.size() < 4000, "a line to the caller is bounded", reply_);
    if (size == std::string_view::npos) return;
    if (!is_ours_client()) check_reply_line(reply_);
    if (reply_.ends_with('\r')) reply_.pop_back();
    on_reply_line(reply_);
    reply_.clear();
  }
}

/// What we say to a caller is a reply, whatever its words come from.
void Witness::check_reply_line(std::string_view line) const {
  require(line.ends_with('\r'), "no bare LF goes to the caller", line);
  line.remove_suffix(1);
  const int code = code_of(line);
  require(code >= 200 && code <= 599, "a caller is told replies alone", line);
  for (const char c : line)
    require((c < 0 || c >= ' ') && c != 0x7f, "no control goes to the caller", line);
}

void Witness::on_reply_line(std::string_view line) {
  using smtp::ReplyReader;
  const int code = code_of(line);
  const bool is_another = !reply_lines_.empty() && !line.starts_with(reply_lines_[0].substr(0, 3));
  reply_size_ += line.size();
  if (code < 200 || code > 599 || is_another || line.size() > ReplyReader::max_line ||
      reply_lines_.size() == ReplyReader::max_lines || reply_size_ > ReplyReader::max_reply)
    is_over_ = true;
  reply_lines_.emplace_back(line);
  if (line.size() > 3 && line[3] == '-') return;
  on_reply(code);
  reply_lines_.clear();
  reply_size_ = 0;
}

void Witness::on_reply(int code) {
  if (is_over_) {
    const bool is_farewell = code == 421 || code == 451 || code == 221;
    require(is_ours_client() || is_farewell, "behind a 421 nothing is promised",
            reply_lines_.front());
    return;
  }
  if (code == 421) is_over_ = true;
  if (questions_.empty()) return on_unasked(code);
  const Question question = questions_.front();
  // A chunk may be refused before its octets, since its command announced them.
  if (code < 400 && question.whole_at > position_) return on_unasked(code);
  if (is_ours_client() && !is_answer(question, code)) return on_unasked(code);
  questions_.pop_front();
  answer(question, code);
}

/// What DATA is answered for nobody says nothing: it rode behind the only recipient.
bool Witness::is_answer(const Question& question, int code) const {
  if (code >= 400) return true;
  const bool is_go_ahead = code >= 300;
  return question.to == To::data ? is_go_ahead || recipients_.empty() : !is_go_ahead;
}

/// On our side only a refusal inside a message may come unasked, and the end of the session.
void Witness::on_unasked(int code) {
  require(is_ours_client() || code == 421 || (code >= 400 && state_ == State::data),
          "no answer to nothing", reply_lines_.front());
  is_over_ = is_over_ || is_ours_client();
}

void Witness::answer(const Question& question, int code) {
  const bool is_good = code / 100 == 2;
  switch (question.to) {
    case To::greeting:
      is_greeted_ = code == 220;
      is_over_ = is_over_ || !is_greeted_;
      return;
    case To::hello:
      return on_hello(code);
    case To::mail:
    case To::rset:
      if (is_good) forget_envelope();
      if (is_good && question.to == To::rset && !is_ours_client()) content_.reset();
      has_sender_ = has_sender_ || (is_good && question.to == To::mail);
      return;
    case To::rcpt:
      if (is_good && has_sender_) recipients_.push_back(question.path);
      return;
    case To::data:
    case To::other:
    case To::quit:
      if (code / 100 == 3) begin_data();
      return;
    case To::chunk:
      if (is_good) return;
      if (question.content->refusal == 0) question.content->refusal = code;
      if (!is_ours_client() && content_ == question.content) content_.reset();
      return;
    case To::end:
      return on_end(question, code);
  }
}

void Witness::on_hello(int code) {
  if (code / 100 != 2) return;
  forget_envelope();
  if (!is_ours_client()) content_.reset();
  pipelines_ = std::any_of(reply_lines_.begin() + 1, reply_lines_.end(), offers_pipelining);
}

void Witness::begin_data() {
  require(questions_.empty(), "nothing was taken behind DATA before its answer");
  state_ = State::data;
  content_ = std::make_shared<Content>();
}

/// In LMTP there is one answer for each recipient, and of ours they all say the same. What we
/// refuse because it is for nobody may leave the envelope as it is: the state is open (RFC 3030 2).
void Witness::on_end(const Question& question, int code) {
  const std::shared_ptr<Content>& content = question.content;
  if (ours_ == Ours::lmtp_server && answers_left_ > 0) {
    require(messages_.back().code == code, "every recipient is told the same");
  } else {
    if (ours_ == Ours::lmtp_server) answers_left_ = recipients_.size();
    require(ours_ != Ours::lmtp_server || answers_left_ > 0, "somebody was accepted");
    messages_.push_back(
        {recipients_, whole_text(*content), content->refusal != 0 ? content->refusal : code});
  }
  if (ours_ == Ours::lmtp_server && --answers_left_ > 0) return questions_.push_front(question);
  const bool is_for_nobody = !is_ours_client() && code >= 400 && recipients_.empty();
  if (!is_for_nobody) forget_envelope();
}

void Witness::forget_envelope() {
  has_sender_ = false;
  recipients_.clear();
}

}  // namespace sshsm::fuzz
