#include "base/text.h"
#include "smtp/judgement.h"
#include "smtp/path.h"
#include "smtp/relay.h"

#include <algorithm>
#include <utility>

namespace sshsm::smtp {

using base::Cause;
using base::Failure;

void Relay::tell(const Reply& reply) {
  for (const std::string& line : lines_of(reply)) tell_line(line);
}

void Relay::tell_line(std::string_view line) {
  std::string told(line);
  std::replace_if(told.begin(), told.end(), is_control, '?');
  to_caller_.append(told);
  to_caller_.append("\r\n");
}

void Relay::tell_loss() {
  tell_line(base::concat({"421 ", base::describe(*loss_, destination_, host_)}));
}

/// To MAIL, RCPT, DATA or the dot.
void Relay::on_refusal(std::string_view command, const Reply& reply) {
  has_refusal_ = true;
  const bool is_mistake =
      reply.code_class() == Reply::refused && fate_of_refusal(reply) == Fate::deferred;
  is_mistake ? reject(command, reply) : tell(reply);
}

/// Deferred, with the reply quoted.
void Relay::reject(std::string_view command, const Reply& reply) {
  const Failure failure(Cause::command_rejected, std::string(command), text_of(reply));
  const std::string head = base::concat(
      {"451 ", as_deferred(status_code(reply)), " ", base::speaker(destination_, host_)});
  tell_line(head + base::explain(failure, base::max_sentence - head.size()));
}

std::string Relay::own_reply(std::string_view code, std::string_view text) const {
  return base::concat({code, " ", base::speaker(destination_, host_), text});
}

/// Behind the answers to what he said before.
void Relay::answer_in_turn(std::string_view code, std::string_view text) {
  expected_.push_back({To::nothing, own_reply(code, text), 0});
  tell_own_answers();
}

void Relay::tell_own_answers() {
  while (!is_lost() && !expected_.empty() && expected_.front().to == To::nothing) {
    tell_line(expected_.front().text);
    expected_.pop_front();
  }
}

}  // namespace sshsm::smtp
