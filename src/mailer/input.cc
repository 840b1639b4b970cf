#include "mailer/input.h"

#include "base/text.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace sshsm::mailer {

using base::Cause;
using base::Failure;
using Event = smtp::BatchReader::Event;

bool Input::wants_to_read() const {
  if (is_at_end_ || is_over_ || failure_) return false;
  if (!message_) return true;
  if (message_->is_whole) return false;
  return message_->is_passed_on ? message_->body.empty() : message_->body.size() < max_held;
}

void Input::read() {
  std::array<char, 65536> buffer{};
  const ssize_t size = ::read(descriptor_, buffer.data(), buffer.size());
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size < 0) {
    failure_.emplace(Cause::batch_unreadable, base::system_error_text(errno));
    return;
  }
  is_at_end_ = size == 0;
  unread_.append(buffer.data(), static_cast<std::size_t>(size));
  take_events();
}

bool Input::has_message() const {
  return message_ && !failure_ && (message_->is_whole || message_->body.size() >= max_held);
}

void Input::drop_message() {
  is_dropping_ = !message_->is_whole;
  message_.reset();
  take_events();
}

/// Goes on until more input is needed or a whole message is at hand.
void Input::take_events() {
  try {
    while (!failure_ && !is_over_ && !(message_ && message_->is_whole)) {
      const Event event = reader_.next();
      if (event != Event::need_input) {
        take(event);
        continue;
      }
      if (!feed()) return;
    }
  } catch (const Failure& failure) {
    failure_ = failure;
  }
}

bool Input::feed() {
  if (unread_.empty()) {
    if (!is_at_end_ || is_end_told_) return false;
    reader_.end_of_input();
    is_end_told_ = true;
    return true;
  }
  const std::size_t fed = reader_.feed(unread_);
  unread_.erase(0, fed);
  return fed > 0;
}

void Input::take(Event event) {
  switch (event) {
    case Event::need_input:
      break;
    case Event::envelope:
      message_.emplace().envelope = reader_.envelope();
      break;
    case Event::body: {
      std::string piece = reader_.take_body();
      if (!is_dropping_) message_->body += piece;
      break;
    }
    case Event::message_end:
      if (message_) message_->is_whole = true;
      is_dropping_ = false;
      break;
    case Event::end:
      is_over_ = true;
      break;
  }
}

}  // namespace sshsm::mailer
