#include "smtp/teller.h"

#include "base/text.h"
#include "smtp/judgement.h"
#include "smtp/path.h"

#include <algorithm>
#include <utility>

namespace sshsm::smtp {

using base::Cause;
using base::Failure;

Teller::Teller(std::string destination, std::string host, std::size_t max_before_whole)
    : destination_(std::move(destination)),
      host_(std::move(host)),
      max_before_whole_(max_before_whole) {}

void Teller::tell_line(std::string_view line) {
  std::string told(line);
  std::replace_if(told.begin(), told.end(), is_control, '?');
  output_.append(told);
  output_.append("\r\n");
}

void Teller::tell(const Reply& reply) {
  if (untold().size() >= max_before_whole_) return tell_line(text_of(reply));
  for (const std::string& line : lines_of(reply)) tell_line(line);
}

void Teller::tell_refusal(std::string_view command, const Reply& reply) {
  const bool is_mistake =
      reply.code_class() == Reply::refused && fate_of_refusal(reply) == Fate::deferred;
  is_mistake ? reject(command, reply) : tell(reply);
}

void Teller::reject(std::string_view command, const Reply& reply) {
  const Failure failure(Cause::command_rejected, std::string(command), text_of(reply));
  const std::string head = base::concat(
      {"451 ", as_deferred(status_code(reply)), " ", base::speaker(destination_, host_)});
  tell_line(head + base::explain(failure, destination_, base::max_sentence - head.size()));
}

void Teller::tell_failure(std::string_view code, const Failure& failure) {
  tell_line(base::concat({code, " ", base::describe(failure, destination_, host_)}));
}

std::string Teller::own_reply(std::string_view code, std::string_view text) const {
  return base::concat({code, " ", base::speaker(destination_, host_), text});
}

}  // namespace sshsm::smtp
