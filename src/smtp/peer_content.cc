#include "base/text.h"
#include "smtp/peer.h"
#include "smtp/required_reply.h"

#include <utility>

namespace sshsm::smtp {

void Peer::begin_message() {
  held_.clear();
  stuffer_ = {};
  body_size_ = 0;
  chunks_unanswered_ = 0;
  is_whole_ = is_end_given_ = false;
  doubt_from_ = std::numeric_limits<std::uint64_t>::max();
  content_ = capabilities_.chunking ? Content::chunked : Content::asked;
  if (content_ == Content::chunked) return;
  say("DATA");
  expect(For::data);
}

void Peer::call_off() {
  if (content_ != Content::asked) return;
  content_ = Content::called_off;
  held_.clear();
}

void Peer::abandon_message() {
  is_stuck_ = is_stuck_ || content_ == Content::data;
  content_ = Content::none;
  held_.clear();
}

bool Peer::may_add() const {
  return output_.unsent().size() < max_unsent && held_.size() < max_unsent;
}

void Peer::add(std::string_view piece) {
  if (content_ == Content::none) return;
  body_size_ += piece.size();
  held_ += piece;
  move_content();
}

void Peer::end_message() {
  if (content_ == Content::none) return;
  is_whole_ = true;
  move_content();
}

/// As far as the mail server lets it.
void Peer::move_content() {
  if (content_ == Content::chunked) return say_chunks();
  if (content_ != Content::data) return;
  output_.append_body(stuffer_.stuff(std::exchange(held_, {})));
  if (!is_whole_ || is_end_given_) return;
  const std::string end = stuffer_.end();
  // The final dot counts as sent from the dot itself on: some mail servers need no more.
  doubt_from_ = output_.written() + end.find('.') + 1;
  output_.append_body(end);
  expect(For::end);
  note_end();
  if (observer_) observer_('>', ".");
}

/// Full chunks while the message comes, and all that is left as the last one. None ends between a
/// CR and its LF: who looks at each chunk alone would see a bare CR and a bare LF.
void Peer::say_chunks() {
  while (!is_whole_ && held_.size() >= chunk_size && may_say_chunk())
    say_chunk(chunk_size - (held_[chunk_size - 1] == '\r' ? 1 : 0), false);
  if (!is_whole_ || is_end_given_ || !may_say_chunk()) return;
  say_chunk(held_.size(), true);
  doubt_from_ = output_.written();
  note_end();
}

bool Peer::may_say_chunk() const {
  if (!capabilities_.pipelining) return expected_.empty();
  return chunks_unanswered_ < max_chunks_unanswered;
}

void Peer::say_chunk(std::size_t size, bool is_last) {
  say(base::concat({"BDAT ", std::to_string(size), is_last ? " LAST" : ""}));
  expect(is_last ? For::end : For::chunk);
  output_.append_body(std::string_view(held_).substr(0, size));
  held_.erase(0, size);
  expected_.back().due_from = output_.written();
  if (!is_last) ++chunks_unanswered_;
}

void Peer::note_end() {
  is_end_given_ = true;
  if (observer_) observer_('>', base::concat({"(", std::to_string(body_size_), " octets)"}));
}

std::optional<Peer::Answer> Peer::on_data(const Reply& reply) {
  const bool is_go_ahead = reply.code_class() == Reply::go_ahead;
  if (!is_go_ahead && !reply.is_refusal()) throw unexpected("to DATA", reply);
  expected_.pop_front();
  if (!is_go_ahead) return decided(To::content, reply);
  if (content_ == Content::called_off) {
    say(".");
    expect(For::end);
    return std::nullopt;
  }
  content_ = Content::data;
  move_content();
  return Answer{To::go_ahead, reply};
}

/// The answers to chunks behind a refused one say nothing more.
std::optional<Peer::Answer> Peer::on_chunk(const Reply& reply) {
  if (content_ == Content::none) {
    expected_.pop_front();
    return std::nullopt;
  }
  if (!reply.is_refusal() && reply.code_class() != Reply::done) throw unexpected("to BDAT", reply);
  expected_.pop_front();
  if (reply.is_refusal()) return decided(To::content, reply);
  --chunks_unanswered_;
  move_content();
  return std::nullopt;
}

std::optional<Peer::Answer> Peer::on_end(const Reply& reply) {
  if (content_ == Content::none) {
    expected_.pop_front();
    return std::nullopt;
  }
  require_no_go_ahead("to the end of a message", reply);
  expected_.pop_front();
  return decided(To::end, reply);
}

Peer::Answer Peer::decided(To to, const Reply& reply) {
  ++messages_;
  note_end_of_service();
  content_ = Content::none;
  held_.clear();
  return {to, reply};
}

}  // namespace sshsm::smtp
