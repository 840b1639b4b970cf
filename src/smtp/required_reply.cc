#include "smtp/required_reply.h"

#include <utility>

namespace sshsm::smtp {

using base::Cause;
using base::Failure;

Failure unexpected(const char* place, const Reply& reply) {
  return Failure(Cause::reply_unexpected, place, text_of(reply));
}

Failure hung_up(std::string last_words) {
  return Failure(Cause::connection_lost, "the mail server ended the conversation",
                 std::move(last_words));
}

void require_no_go_ahead(const char* place, const Reply& reply) {
  if (reply.code_class() == Reply::go_ahead) throw unexpected(place, reply);
}

void require_greeting(const Reply& reply) {
  constexpr int service_ready = 220;
  if (reply.is_refusal()) throw Failure(Cause::greeting_refused, {}, text_of(reply));
  if (reply.code != service_ready) throw unexpected("as the greeting", reply);
}

void require_hello_done(const char* place, const Reply& reply) {
  constexpr int hello_done = 250;
  if (reply.code_class() == Reply::refused) throw Failure(Cause::hello_refused, {}, text_of(reply));
  if (reply.is_refusal()) throw Failure(Cause::greeting_refused, {}, text_of(reply));
  if (reply.code != hello_done) throw unexpected(place, reply);
}

}  // namespace sshsm::smtp
