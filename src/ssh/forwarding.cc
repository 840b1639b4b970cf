#include "ssh/forwarding.h"

#include "base/failure.h"
#include "ssh/open_refusal.h"

#include <optional>
#include <string>

namespace sshsm::ssh {
namespace {

using base::Cause;

// As `ssh -W` says it; for the host's log alone.
constexpr const char* originator_address = "127.0.0.1";
constexpr int originator_port = 65535;

}  // namespace

bool may_connect_to(Session& session, const config::SmtpAddress& address, base::Deadline deadline,
                    base::Waiter& waiter) {
  // Freed with the session, as every channel: freeing an open one waits for the peer.
  const ssh_channel channel = ssh_channel_new(session.handle());
  if (channel == nullptr)
    throw base::Failure(Cause::resources_exhausted, "no memory for an SSH channel");
  const auto open = [&] {
    return ssh_channel_open_forward(channel, address.host.c_str(), address.port, originator_address,
                                    originator_port);
  };
  if (session.repeat(open, "the answer to a forwarding", deadline, waiter) == SSH_OK) {
    ssh_channel_close(channel);
    return true;
  }
  const std::optional<OpenRefusal> refusal = read_open_refusal(ssh_get_error(session.handle()));
  if (session.is_lost() || !refusal) session.fail(Cause::connection_lost, {});
  return refusal->is_connect_failed();
}

bool may_listen(Session& session, base::Deadline deadline, base::Waiter& waiter) {
  const auto ask = [&] {
    return ssh_channel_listen_forward(session.handle(), "localhost", 0, nullptr);
  };
  const int answer = session.repeat(ask, "the answer to a forwarding", deadline, waiter);
  if (session.is_lost()) session.fail(Cause::connection_lost, {});
  return answer == SSH_OK;
}

}  // namespace sshsm::ssh
