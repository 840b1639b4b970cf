#include "ssh/connection.h"

#include "base/failure.h"
#include "base/text.h"
#include "ssh/banner.h"

#include <sys/random.h>

#include <cstdint>
#include <optional>
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

/// A silent address must leave time for the others.
Deadline share_of(Deadline whole, std::size_t others) {
  const auto left = whole.time() - base::Clock::now();
  return Deadline(base::Clock::now() + left / static_cast<int>(others + 1));
}

class BannerHunt {
 public:
  BannerHunt(const Means& means, Deadline deadline, Progress& progress)
      : means_(means), deadline_(deadline), progress_(progress) {}

  base::Descriptor run() {
    for (;;) {
      std::optional<RaceWinner> winner = dial();
      if (!winner) continue;
      progress_.address = winner->address;
      means_.trace.note(base::concat(
          {"connected to ", winner->address, " port ", std::to_string(means_.destination.port)}));
      const BannerWait wait = wait_for_banner(winner->connection.get(),
                                              share_of(deadline_, winner->others), means_.waiter);
      if (wait.end == BannerWait::End::banner) return std::move(winner->connection);
      prepare_next_try(*winner, wait);
    }
  }

 private:
  /// Nothing where only the addresses that were left out can be connected to at all.
  std::optional<RaceWinner> dial() {
    try {
      return means_.dialler.dial(0, left_out_, deadline_, means_.waiter);
    } catch (const Failure&) {
      if (left_out_.empty() || was_second_try_) throw;
      prepare_second_try();
      return std::nullopt;
    }
  }

  /// Other addresses come first; one that closed on us is tried once more, since that is what
  /// sshd does beyond MaxStartups.
  void prepare_next_try(const RaceWinner& winner, const BannerWait& wait) {
    if (winner.others > 0 && left_out_.size() < Dialler::max_left_out) {
      left_out_.push_back(winner.address);
      return;
    }
    if (wait.end == BannerWait::End::silent || was_second_try_) give_up(winner, wait);
    prepare_second_try();
  }

  void prepare_second_try() {
    was_second_try_ = true;
    left_out_.clear();
    means_.trace.note("closed before the SSH banner; trying once more");
    const Deadline pause = earlier(deadline_, Deadline::after(pause_before_second_try()));
    [[maybe_unused]] const short nothing = means_.waiter.wait(-1, 0, pause);
  }

  [[noreturn]] void give_up(const RaceWinner& winner, const BannerWait& wait) const {
    const std::string where = base::concat(
        {winner.address, " port ", std::to_string(means_.destination.port),
         wait.end == BannerWait::End::silent ? " is silent" : " closed the connection"});
    throw Failure(Cause::no_banner, where, wait.text);
  }

  const Means& means_;
  Deadline deadline_;
  Progress& progress_;
  std::vector<std::string> left_out_;
  bool was_second_try_ = false;
};

}  // namespace

std::unique_ptr<Session> connect(const Means& means, ClientKey key, Deadline deadline,
                                 Progress& progress) {
  const config::Destination& destination = means.destination;
  const Deadline to_banner = earlier(deadline, Deadline::after(destination.connect_timeout));
  base::Descriptor connection = BannerHunt(means, to_banner, progress).run();
  progress.has_banner = true;
  progress.banner_at = base::Clock::now();
  auto session = std::make_unique<Session>(std::move(connection), destination, means.pins.types());
  session->shake_hands(deadline, means.waiter);
  means.trace.note(base::concat({"host key ", session->check_host_key(means.pins), " is pinned"}));
  progress.is_host_proved = true;
  session->log_in(destination.user, key, deadline, means.waiter);
  progress.is_logged_in = true;
  means.trace.note(base::concat({"logged in as ", destination.user, " with ", key.name()}));
  return session;
}

}  // namespace sshsm::ssh
