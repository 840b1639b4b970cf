#include "mailer/input.h"

#include "base/text.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>
#include <string_view>
#include <utility>

namespace sshsm::mailer {

using base::Cause;
using base::Failure;
using Event = smtp::BatchReader::Event;

Input::Input(Source source)
    : descriptor_(source.descriptor), rest_(source.rest), unread_(std::move(source.taken)) {
  take_events();
}

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

void Input::end() {
  is_at_end_ = true;
  take_events();
}

bool Input::has_message() const {
  return message_ && !failure_ && (message_->is_whole || message_->body.size() >= max_held);
}

void Input::drop_message() {
  if (rest_ != nullptr && message_->is_whole) rest_->keep();
  is_dropping_ = !message_->is_whole;
  message_.reset();
  take_events();
}

void Input::drop_accepted_message() {
  try {
    if (rest_ != nullptr) rest_->cut_off();
  } catch (const Failure& failure) {
    failure_ = failure;
  }
  drop_message();
}

void Input::take_events() {
  try {
    take_all_events();
  } catch (const Failure& failure) {
    failure_ = failure;
  }
}

/// Goes on until more input is needed or a whole message is at hand.
void Input::take_all_events() {
  while (!failure_ && !is_over_ && !(message_ && message_->is_whole)) {
    const Event event = reader_.next();
    if (event != Event::need_input) {
      take(event);
      continue;
    }
    if (!feed()) return;
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
  const std::string_view taken = std::string_view(unread_).substr(0, fed);
  if (rest_ != nullptr) rest_->add(taken);
  unread_.erase(0, fed);
  return fed > 0;
}

void Input::take(Event event) {
  switch (event) {
    case Event::need_input:
      break;
    case Event::envelope:
      is_dropping_ = is_for_rest_alone_;
      if (!is_dropping_) message_.emplace().envelope = reader_.envelope();
      break;
    case Event::body: {
      std::string piece = reader_.take_body();
      if (!is_dropping_) message_->body += piece;
      break;
    }
    case Event::message_end:
      end_message();
      break;
    case Event::end:
      is_over_ = true;
      // Behind the last message stands nothing that anybody needs.
      if (rest_ != nullptr) rest_->cut_off();
      break;
  }
}

void Input::end_message() {
  is_dropping_ = false;
  if (message_)
    message_->is_whole = true;
  else if (rest_ != nullptr)
    rest_->keep();
}

bool Input::has_failed(Cause cause) const {
  return failure_ && failure_->cause() == cause;
}

std::optional<Failure> Input::keep_rest(base::Waiter& waiter, base::Deadline deadline,
                                        base::Milliseconds patience) {
  is_for_rest_alone_ = true;
  std::optional<Failure> failure;
  try {
    if (message_) drop_message();
    if (!has_failed(Cause::rest_unwritable)) fill_rest(waiter, deadline, patience);
    if (has_failed(Cause::rest_unwritable)) failure = failure_;
  } catch (const Failure& unwritable) {
    failure = unwritable;
  } catch (const std::bad_alloc&) {
    failure = give_up_rest();
  }
  try {
    rest_->finish();
  } catch (const Failure& unwritable) {
    if (!failure) failure = unwritable;
  }
  return failure;
}

std::optional<Failure> Input::give_up_rest() {
  try {
    rest_->give_up("no memory is left");
  } catch (const Failure& unwritable) {
    return unwritable;
  }
}

/// What is batch SMTP goes the way of every message, so that a file that gets full holds whole
/// ones; from the first part that is not, everything is taken as it is.
void Input::fill_rest(base::Waiter& waiter, base::Deadline deadline, base::Milliseconds patience) {
  if (failure_) add_unread_to_rest();
  while (!is_over_ && !is_at_end_ && !has_failed(Cause::rest_unwritable)) {
    if (has_failed(Cause::batch_unreadable)) rest_->give_up("the batch cannot be read");
    const bool may_end = has_quit();
    const base::Deadline until =
        may_end ? earlier(deadline, base::Deadline::after(patience)) : deadline;
    if (!deadline.passed() && waiter.wait(descriptor_, POLLIN, until) != 0)
      read();
    else if (may_end)
      end();
    else
      rest_->give_up("the batch did not end in time");
    if (failure_ && !has_failed(Cause::rest_unwritable)) add_unread_to_rest();
  }
  if (has_failed(Cause::batch_empty)) rest_->cut_off();
}

void Input::add_unread_to_rest() {
  if (reader_.line_end()) rest_->state_line_end(*reader_.line_end());
  rest_->add(unread_);
  unread_.clear();
}

}  // namespace sshsm::mailer
