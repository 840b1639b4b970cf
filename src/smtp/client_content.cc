#include "base/text.h"
#include "smtp/client.h"

#include <utility>

namespace sshsm::smtp {
namespace {

using base::Cause;
using base::Failure;
using To = ExpectedReply::To;
using Content = Transaction::Content;

std::string chunk_command(std::size_t size, bool is_last) {
  return base::concat({"BDAT ", std::to_string(size), is_last ? " LAST" : ""});
}

}  // namespace

/// Asks to send the body: by DATA, whose answer comes first, or by BDAT at once.
void Client::open_content() {
  Transaction& transaction = *current_;
  if (!capabilities_.chunking) {
    transaction.content = Content::asked;
    say("DATA");
    return expect(To::data, current_);
  }
  transaction.content = Content::chunked;
  transaction.is_body_open = true;
  if (!transaction.size) return;
  say(chunk_command(*transaction.size, true));
  expect(To::end, current_);
  expected_.back().due_from += *transaction.size;
  transaction.doubt_from = expected_.back().due_from;
  transaction.chunk_left = *transaction.size;
  transaction.is_end_given = transaction.chunk_left == 0;
}

void Client::add_body(std::string_view piece) {
  if (is_body_dropped()) return;
  current_->body_size += piece.size();
  if (current_->content == Content::data)
    return output_.append_body(current_->stuffer.stuff(piece));
  if (current_->size) return add_to_announced_chunk(piece);
  current_->chunk += piece;
  say_chunks();
}

void Client::end_body() {
  if (is_body_dropped()) {
    is_dropping_body_ = false;
    return;
  }
  if (current_->chunk_left > 0)
    throw Failure(Cause::internal_error, "a body is shorter than was announced");
  current_->is_body_open = false;
  if (observer_)
    observer_('>', base::concat({"(", std::to_string(current_->body_size), " octets)"}));
  if (current_->content == Content::data) end_data();
  advance();
}

bool Client::is_body_dropped() const {
  if (current_ && current_->is_body_open) return false;
  if (is_dropping_body_) return true;
  throw Failure(Cause::internal_error, "a body out of turn");
}

void Client::add_to_announced_chunk(std::string_view piece) {
  if (piece.size() > current_->chunk_left)
    throw Failure(Cause::internal_error, "a body is longer than was announced");
  output_.append_body(piece);
  current_->chunk_left -= piece.size();
  if (current_->chunk_left > 0) return;
  current_->is_end_given = true;
  if (current_->is_decided) advance();
}

/// The final dot counts as sent from the dot itself on: some mail servers need no more.
void Client::end_data() {
  const std::string end = current_->stuffer.end();
  current_->doubt_from = output_.written() + end.find('.') + 1;
  output_.append_body(end);
  if (observer_) observer_('>', ".");
  expect(To::end, current_);
  current_->is_end_given = true;
}

/// No chunk ends between a CR and its LF: who looks at each alone would see a bare CR and a bare
/// LF.
void Client::say_chunks() {
  Transaction& transaction = *current_;
  if (transaction.content != Content::chunked || transaction.size) return;
  const bool is_over = !transaction.is_body_open;
  const std::size_t whole = is_over ? chunk_size + 1 : chunk_size;
  while (transaction.chunk.size() >= whole && may_say_chunk())
    say_chunk(chunk_size - (transaction.chunk[chunk_size - 1] == '\r' ? 1 : 0), false);
  if (is_over && !transaction.is_end_given && transaction.chunk.size() < whole && may_say_chunk())
    say_chunk(transaction.chunk.size(), true);
}

bool Client::may_say_chunk() const {
  if (!capabilities_.pipelining) return expected_.empty();
  return current_->chunks_unanswered < max_chunks_unanswered;
}

void Client::say_chunk(std::size_t size, bool is_last) {
  Transaction& transaction = *current_;
  say(chunk_command(size, is_last));
  expect(is_last ? To::end : To::chunk, current_);
  output_.append_body(std::string_view(transaction.chunk).substr(0, size));
  transaction.chunk.erase(0, size);
  expected_.back().due_from = output_.written();
  if (is_last) {
    transaction.doubt_from = output_.written();
    transaction.is_end_given = true;
  } else {
    ++transaction.chunks_unanswered;
  }
}

}  // namespace sshsm::smtp
