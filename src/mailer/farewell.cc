#include "mailer/farewell.h"

#include <array>

namespace sshsm::mailer {
namespace {

using base::Deadline;

/// True when something moved.
bool exchange_words(Caller& caller, smtp::Intermediary& session) {
  const std::size_t fed = session.feed(caller.held());
  caller.consume(fed);
  if (caller.has_ended() && caller.held().empty()) session.end_of_input();
  const std::size_t told = caller.tell(session.to_caller());
  session.sent_to_caller(told);
  return fed > 0 || told > 0;
}

void wait_for_caller(Caller& caller, const smtp::Intermediary& session, Deadline deadline) {
  std::array<pollfd, 2> watched{caller.input_interest(),
                                caller.output_interest(!session.to_caller().empty())};
  poll(watched.data(), watched.size(), deadline.poll_timeout());
  caller.hear(watched[0].revents);
}

}  // namespace

void take_leave(Caller& caller, smtp::Intermediary& session) {
  const Deadline whole = Deadline::after(max_farewell);
  Deadline pause = Deadline::after(max_farewell_pause);
  for (;;) {
    if (exchange_words(caller, session)) pause = Deadline::after(max_farewell_pause);
    if (session.is_over() && session.to_caller().empty()) return;
    const Deadline until = earlier(earlier(whole, pause), caller.end_of_stay());
    if (until.passed() || caller.is_deaf()) return;
    wait_for_caller(caller, session, until);
  }
}

}  // namespace sshsm::mailer
