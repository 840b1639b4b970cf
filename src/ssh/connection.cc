#include "ssh/connection.h"

#include "base/failure.h"
#include "base/text.h"
#include "ssh/banner_hunt.h"
#include "ssh/unreached_hosts.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace sshsm::ssh {

using base::Deadline;
using base::Failure;

Approach::Approach(const Means& means, Deadline deadline, Progress& progress)
    : means_(means), deadline_(deadline), progress_(progress) {}

void Approach::reach() {
  for (index_ = 0; index_ < means_.pins.size(); ++index_) {
    connection_ = reach(index_);
    if (!connection_) continue;
    progress_.has_banner = true;
    progress_.banner_at = base::Clock::now();
    return;
  }
  progress_.host = unreached_.last_dialled();
  throw unreached_.sum();
}

std::string Approach::peek_at_banner() const {
  // RFC 4253 4.2: its longest line.
  std::array<char, 255> bytes{};
  const ssize_t size = recv(connection_.get(), bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  const std::string_view line(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return std::string(line.substr(0, line.find_first_of("\r\n")));
}

std::string Approach::prove_host() {
  const trust::Pins& pins = means_.pins[index_];
  try {
    session_ = std::make_unique<Session>(std::move(connection_), means_.destination, pins.types());
    session_->shake_hands(deadline_, means_.waiter);
    means_.trace.note(session_->summary());
    std::string name = session_->check_host_key(pins);
    means_.trace.note(base::concat({"host key ", name, " is pinned"}));
    progress_.is_host_proved = true;
    return name;
  } catch (const Failure& failure) {
    throw explained(failure);
  }
}

std::unique_ptr<Session> Approach::log_in(const ClientKey& key) {
  const std::string& user = means_.destination.user;
  try {
    session_->log_in(user, key, deadline_, means_.waiter);
  } catch (const Failure& failure) {
    throw explained(failure);
  }
  progress_.is_logged_in = true;
  means_.trace.note(base::concat({"logged in as ", user, " with ", key.name()}));
  return std::move(session_);
}

/// A proxy-command that ended took the connection with it, and its own words say why.
Failure Approach::explained(const Failure& failure) const {
  if (means_.destination.proxy_command.empty() || failure.cause() != base::Cause::connection_lost)
    return unreached_.beside(failure);
  const ProxyState proxy = means_.dialler.proxy_state(index_, means_.waiter);
  if (proxy.end_words().empty()) return unreached_.beside(failure);
  return unreached_.beside(
      Failure(failure.cause(),
              base::concat({failure.detail(), ", proxy-command ended: ", proxy.end_words()}),
              proxy.error_output.empty() ? failure.peer_text() : proxy.error_output));
}

/// Nothing where this host gave no banner, and why is noted.
base::Descriptor Approach::reach(std::size_t index) {
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

base::Descriptor Approach::dial(std::size_t index, const std::string& host) {
  progress_.host = host;
  progress_.address.clear();
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
Deadline Approach::deadline_of(std::size_t index) const {
  const auto next = means_.pins.begin() + static_cast<std::ptrdiff_t>(index) + 1;
  const auto others =
      std::count_if(next, means_.pins.end(), [](const trust::Pins& pins) { return !pins.empty(); });
  return earlier(Deadline::after(means_.destination.connect_timeout),
                 share_of(deadline_, static_cast<std::size_t>(others)));
}

std::unique_ptr<Session> connect(const Means& means, ClientKey key, Deadline deadline,
                                 Progress& progress) {
  Approach approach(means, deadline, progress);
  approach.reach();
  approach.prove_host();
  return approach.log_in(key);
}

}  // namespace sshsm::ssh
