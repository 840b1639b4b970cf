#include "ssh/banner_hunt.h"

#include "base/failure.h"
#include "base/text.h"
#include "ssh/banner.h"
#include "ssh/unreached_hosts.h"

#include <sys/random.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sshsm::ssh {
namespace {

using base::Cause;
using base::Deadline;
using base::Failure;
using base::Milliseconds;

/// Long enough for some of the crowd that filled sshd's MaxStartups to be through, and not the same
/// for each of them.
Milliseconds pause_before_second_try() {
  std::uint16_t random = 0;
  if (getrandom(&random, sizeof random, 0) != sizeof random) random = 0;
  return Milliseconds(200 + random % 800);
}

/// An address that took the connection and gave no banner, or a proxy-command that led to none.
struct MuteAddress {
  std::string address;
  BannerWait wait;
  ProxyState proxy = {};

  [[nodiscard]] bool has_closed() const { return wait.end == BannerWait::End::closed; }
};

class BannerHunt {
 public:
  BannerHunt(const Means& means, std::size_t host_index, Deadline deadline, Progress& progress)
      : means_(means), host_index_(host_index), deadline_(deadline), progress_(progress) {}

  base::Descriptor run() {
    base::Descriptor connection = try_addresses();
    if (!connection && has_any_closed() && !deadline_.passed()) {
      prepare_second_try();
      connection = try_addresses();
    }
    if (!connection) give_up();
    return connection;
  }

 private:
  /// Nothing where no address that is left gave a banner.
  base::Descriptor try_addresses() {
    for (bool has_others = true; has_others;) {
      std::optional<RaceWinner> winner = dial();
      if (!winner) break;
      progress_.address = winner->address;
      progress_.connected_at = base::Clock::now();
      note_connection(*winner);
      // A silent address must leave time for the others.
      const Deadline share = share_of(deadline_, winner->others);
      BannerWait wait = wait_for_banner(winner->connection.get(), share, means_.waiter);
      if (wait.end == BannerWait::End::banner) return std::move(winner->connection);
      mute_.push_back({winner->address, std::move(wait)});
      if (has_proxy()) mute_.back().proxy = means_.dialler.proxy_state(host_index_, means_.waiter);
      has_others = winner->others > 0 && mute_.size() < Dialler::max_left_out;
    }
    return {};
  }

  /// Nothing where only addresses that are left out can be connected to at all.
  std::optional<RaceWinner> dial() {
    std::vector<std::string> left_out;
    for (const MuteAddress& mute : mute_) left_out.push_back(mute.address);
    note_dial();
    try {
      return means_.dialler.dial(host_index_, left_out, deadline_, means_.waiter);
    } catch (const Failure& failure) {
      if (mute_.empty() || !leads_to_next_host(failure.cause())) throw;
      rest_ = base::concat({", ", base::row_of(failure.cause()).sentence, ": ", failure.detail()});
      return std::nullopt;
    }
  }

  [[nodiscard]] bool has_any_closed() const {
    return std::any_of(mute_.begin(), mute_.end(),
                       [](const MuteAddress& mute) { return mute.has_closed(); });
  }

  void prepare_second_try() {
    std::erase_if(mute_, [](const MuteAddress& mute) { return mute.has_closed(); });
    rest_.clear();
    means_.trace.note("closed before the SSH banner; trying once more");
    // The half that is left is the second try's: who has no time to hear why it failed tells
    // nothing.
    const Deadline pause =
        earlier(share_of(deadline_, 1), Deadline::after(pause_before_second_try()));
    [[maybe_unused]] const short nothing = means_.waiter.wait(-1, 0, pause);
  }

  /// The proxy-command's own words say more than what came through it instead of a banner.
  [[noreturn]] void give_up_proxy() const {
    const auto& [address, wait, proxy] = mute_.back();
    const bool is_silent = wait.end == BannerWait::End::silent;
    const std::string end = proxy.end_words();
    throw Failure(Cause::proxy_failed,
                  !end.empty() ? end
                  : is_silent  ? "no SSH banner in time"
                               : "what came is no SSH banner",
                  proxy.error_output.empty() ? wait.text : proxy.error_output);
  }

  [[noreturn]] void give_up() const {
    if (has_proxy()) give_up_proxy();
    std::string places;
    for (const MuteAddress& mute : mute_)
      places += base::concat({places.empty() ? "" : ", ", mute.address, " port ", port_text(),
                              mute.has_closed() ? " closed the connection" : " is silent"});
    throw Failure(Cause::no_banner, places + rest_, mute_.back().wait.text);
  }

  void note_connection(const RaceWinner& winner) const {
    if (!winner.failures.empty()) means_.trace.note("not connected to " + winner.failures);
    if (!has_proxy())
      means_.trace.note(base::concat({"connected to ", winner.address, " port ", port_text()}));
  }

  void note_dial() const {
    const config::Destination& destination = means_.destination;
    const std::string& host = destination.hosts[host_index_];
    if (!has_proxy())
      return means_.trace.note(base::concat({"connecting to ", host, " port ", port_text()}));
    std::string words = "running proxy-command";
    for (const std::string& word :
         expand_proxy_command(destination.proxy_command, host, destination.port))
      words += " " + word;
    means_.trace.note(words);
  }

  [[nodiscard]] bool has_proxy() const { return !means_.destination.proxy_command.empty(); }
  [[nodiscard]] std::string port_text() const { return std::to_string(means_.destination.port); }

  const Means& means_;
  std::size_t host_index_;
  Deadline deadline_;
  Progress& progress_;
  std::vector<MuteAddress> mute_;
  std::string rest_;  ///< why the addresses that are not mute could not be connected to
};

}  // namespace

base::Descriptor hunt_for_banner(const Means& means, std::size_t host_index, Deadline deadline,
                                 Progress& progress) {
  return BannerHunt(means, host_index, deadline, progress).run();
}

}  // namespace sshsm::ssh
