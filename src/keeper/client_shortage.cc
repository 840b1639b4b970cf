#include "base/failure.h"
#include "keeper/client.h"
#include "smtp/judgement.h"

#include <sys/socket.h>

#include <new>
#include <string_view>
#include <utility>

namespace sshsm::keeper {
namespace {

using base::Cause;
using base::Failure;

/// What `describe` says of resources_exhausted and of maybe_delivered, written ahead.
constexpr std::string_view shortage_line =
    "421 4.3.1 sshsm: this machine has no resources left: memory; the mail waits in the queue\r\n";
constexpr std::string_view doubt_line =
    "421 4.4.2 sshsm: no clear answer to the final dot; the message may have been delivered: this "
    "machine has no resources left: memory; the retry may make a second copy\r\n";

}  // namespace

/// The others go on. His machine may be half changed, so it says no more than it has said, and his
/// mail server serves nobody else. Nothing here needs memory, but the line in the log.
void Client::run_out_of_memory() {
  remote_.reset();
  if (std::exchange(has_asked_, false)) pool_.cancel(*this);
  const std::string_view words = server_.to_caller();
  // A line that was begun cannot be ended.
  if (words.empty() || words.ends_with('\n')) tell();
  const std::string_view line = is_in_doubt_ ? doubt_line : shortage_line;
  if (!is_gone_ && server_.to_caller().empty())
    send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  is_given_up_ = true;
  try {
    const Failure failure(Cause::resources_exhausted, "memory");
    log_.record(is_in_doubt_ ? smtp::maybe_delivered(failure) : failure,
                smtp::name_of(server_.phase()), {}, timeline_);
  } catch (const std::bad_alloc&) {
    // He was told.
  }
}

}  // namespace sshsm::keeper
