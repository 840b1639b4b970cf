#include "keeper/signals.h"

#include "base/failure.h"
#include "base/text.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace sshsm::keeper {

Signals::Signals() {
  sigset_t wishes;
  sigemptyset(&wishes);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&wishes, number);
  sigprocmask(SIG_BLOCK, &wishes, nullptr);
  descriptor_.reset(signalfd(-1, &wishes, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!descriptor_)
    throw base::Failure(base::Cause::resources_exhausted, base::system_error_text(errno));
}

std::optional<Signals::Wish> Signals::take() {
  signalfd_siginfo signal{};
  if (read(descriptor_.get(), &signal, sizeof signal) != static_cast<ssize_t>(sizeof signal))
    return std::nullopt;
  return signal.ssi_signo == SIGHUP ? Wish::reread : Wish::stop;
}

}  // namespace sshsm::keeper
