#include "ssh/host_keys.h"

#include "base/failure.h"
#include "ssh/banner_hunt.h"
#include "ssh/session.h"

namespace sshsm::ssh {

using base::Cause;
using base::Failure;

std::optional<trust::HostKey> fetch_host_key(const Means& means, std::size_t host_index,
                                             const std::string& type, base::Deadline deadline) {
  Progress progress;
  Session session(hunt_for_banner(means, host_index, deadline, progress), means.destination,
                  {type});
  try {
    session.shake_hands(deadline, means.waiter);
  } catch (const Failure& failure) {
    if (failure.cause() == Cause::host_key_type_unpinned) return std::nullopt;
    throw;
  }
  const trust::HostKey key = session.host_key();
  session.disconnect();
  // It was asked for this type alone; what else it shows is not taken for a key of its own.
  if (key.type != type) throw Failure(Cause::handshake_failed, "a host key of another type");
  return key;
}

std::vector<trust::HostKey> fetch_host_keys(const Means& means, std::size_t host_index) {
  std::vector<trust::HostKey> keys;
  for (const std::string& type : trust::all_host_key_types()) {
    const auto deadline = base::Deadline::after(means.destination.connect_timeout);
    if (std::optional<trust::HostKey> key = fetch_host_key(means, host_index, type, deadline))
      keys.push_back(*std::move(key));
  }
  if (keys.empty()) throw Failure(Cause::host_key_type_unpinned, "neither ed25519, ecdsa nor rsa");
  return keys;
}

}  // namespace sshsm::ssh
