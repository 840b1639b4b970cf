#include "keeper/lifetime.h"

namespace sshsm::keeper {

base::Milliseconds Lifetime::note_no_clients(const Settings& settings, base::Clock::time_point now,
                                             double random) {
  using base::Milliseconds;
  if (settings.is_persistent) {
    end_ = never;
    return Milliseconds::max();
  }
  if (end_ == never) {
    const std::chrono::duration<double, std::milli> jitter = Milliseconds(settings.jitter) * random;
    end_ = now + settings.linger + std::chrono::duration_cast<Milliseconds>(jitter);
  }
  return std::chrono::duration_cast<Milliseconds>(end_ - now);
}

}  // namespace sshsm::keeper
