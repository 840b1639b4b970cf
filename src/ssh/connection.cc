#include "ssh/connection.h"

#include "base/failure.h"
#include "base/text.h"
#include "ssh/banner_hunt.h"
#include "ssh/unreached_hosts.h"

#include <algorithm>
#include <utility>

namespace sshsm::ssh {
namespace {

using base::Deadline;
using base::Failure;

/// From the first byte of the banner on there is no other host: this one proves itself or fails.
std::unique_ptr<Session> prove(const Means& means, std::size_t host_index,
                               base::Descriptor connection, const ClientKey& key, Deadline deadline,
                               Progress& progress) {
  const config::Destination& destination = means.destination;
  const trust::Pins& pins = means.pins[host_index];
  progress.has_banner = true;
  progress.banner_at = base::Clock::now();
  auto session = std::make_unique<Session>(std::move(connection), destination, pins.types());
  session->shake_hands(deadline, means.waiter);
  means.trace.note(base::concat({"host key ", session->check_host_key(pins), " is pinned"}));
  progress.is_host_proved = true;
  session->log_in(destination.user, key, deadline, means.waiter);
  progress.is_logged_in = true;
  means.trace.note(base::concat({"logged in as ", destination.user, " with ", key.name()}));
  return session;
}

/// Goes through the hosts until one gives a banner.
class HostHunt {
 public:
  HostHunt(const Means& means, Deadline deadline, Progress& progress)
      : means_(means), deadline_(deadline), progress_(progress) {}

  std::unique_ptr<Session> run(const ClientKey& key) {
    for (std::size_t index = 0; index < means_.pins.size(); ++index) {
      base::Descriptor connection = reach(index);
      if (!connection) continue;
      try {
        return prove(means_, index, std::move(connection), key, deadline_, progress_);
      } catch (const Failure& failure) {
        throw unreached_.beside(failure);
      }
    }
    progress_.host = unreached_.last_dialled();
    throw unreached_.sum();
  }

 private:
  /// Nothing where this host gave no banner, and why is noted.
  base::Descriptor reach(std::size_t index) {
    const std::string& host = means_.destination.hosts[index];
    if (means_.pins[index].empty()) {
      unreached_.add_unpinned(host, means_.pins[index]);
    } else if (deadline_.passed() && !progress_.host.empty()) {
      unreached_.add_left_over(host);
    } else if (base::Descriptor connection = dial(index, host)) {
      return connection;
    }
    if (is_list()) means_.trace.note(unreached_.last());
    return {};
  }

  base::Descriptor dial(std::size_t index, const std::string& host) {
    progress_.host = host;
    progress_.address.clear();
    if (is_list()) means_.trace.note("trying " + host);
    try {
      return hunt_for_banner(means_, index, deadline_of(index), progress_);
    } catch (const Failure& failure) {
      if (!leads_to_next_host(failure.cause())) throw unreached_.beside(failure);
      unreached_.add(host, failure);
      return {};
    }
  }

  /// connect-timeout, or less where the time to the greeting would not do for the hosts to come:
  /// silent ones at the head of a long list must not keep mail from a good one for ever.
  [[nodiscard]] Deadline deadline_of(std::size_t index) const {
    const auto next = means_.pins.begin() + static_cast<std::ptrdiff_t>(index) + 1;
    const auto others = std::count_if(next, means_.pins.end(),
                                      [](const trust::Pins& pins) { return !pins.empty(); });
    return earlier(Deadline::after(means_.destination.connect_timeout),
                   share_of(deadline_, static_cast<std::size_t>(others)));
  }

  [[nodiscard]] bool is_list() const { return means_.destination.hosts.size() > 1; }

  const Means& means_;
  Deadline deadline_;
  Progress& progress_;
  UnreachedHosts unreached_;
};

}  // namespace

std::unique_ptr<Session> connect(const Means& means, ClientKey key, Deadline deadline,
                                 Progress& progress) {
  return HostHunt(means, deadline, progress).run(key);
}

}  // namespace sshsm::ssh
