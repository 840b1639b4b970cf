#include "admin/conversation.h"

#include "base/failure.h"
#include "base/text.h"
#include "mailer/diagnosis.h"
#include "smtp/required_reply.h"

#include <poll.h>

#include <optional>

namespace sshsm::admin {

using base::Cause;
using base::Failure;
using smtp::Reply;
using smtp::Wait;

Conversation::Conversation(ssh::Channel& channel, const config::Destination& destination,
                           mailer::AnswerTimer& timer, base::Waiter& waiter)
    : channel_(channel), destination_(destination), timer_(timer), waiter_(waiter) {}

Reply Conversation::greeting() {
  Reply reply = await(Wait::greeting);
  is_greeted_ = true;
  return reply;
}

Reply Conversation::ask(std::string_view command) {
  if (const std::optional<Reply> early = read())
    throw smtp::unexpected("nothing was asked", *early);
  timer_.restart();
  send(base::concat({command, "\r\n"}));
  return await(Wait::reply);
}

std::optional<Reply> Conversation::read() {
  std::string_view bytes = channel_.received();
  const std::size_t size = bytes.size();
  std::optional<Reply> reply =
      reader_.read(bytes, is_greeted_ ? Cause::reply_malformed : Cause::text_before_greeting);
  channel_.consume(size - bytes.size());
  return reply;
}

Reply Conversation::await(Wait wait) {
  for (;;) {
    if (std::optional<Reply> reply = read()) return *std::move(reply);
    if (loss_) throw Failure(*loss_);
    if (channel_.ended()) fail_at_end();
    move(wait);
  }
}

void Conversation::send(std::string bytes) {
  while (!bytes.empty()) {
    const std::size_t sent = channel_.write(bytes);
    bytes.erase(0, sent);
    if (sent > 0) continue;
    if (loss_) throw Failure(*loss_);
    if (channel_.ended()) fail_at_end();
    move(Wait::reply);
  }
}

void Conversation::move(Wait wait) {
  timer_.check(wait);
  const pollfd interest = channel_.interest();
  [[maybe_unused]] const short events = waiter_.wait(
      interest.fd, interest.events, earlier(timer_.deadline_of(wait), channel_.next_progress()));
  try {
    channel_.progress();
  } catch (const Failure& failure) {
    loss_ = failure;
  }
}

void Conversation::fail_at_end() {
  if (is_greeted_) throw mailer::explain_hang_up(channel_);
  throw mailer::explain_missing_greeting(channel_, destination_, reader_.unfinished_line(),
                                         waiter_);
}

}  // namespace sshsm::admin
