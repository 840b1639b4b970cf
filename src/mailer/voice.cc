#include "mailer/voice.h"

#include "base/patience.h"
#include "mailer/caller.h"
#include "mailer/farewell.h"
#include "privilege/start.h"
#include "smtp/relay.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sshsm::mailer {
namespace {

constexpr base::Milliseconds max_patience{5000};

}  // namespace

Voice::Voice(bool is_greeting)
    : is_greeting_(is_greeting),
      descriptor_(STDERR_FILENO),
      at_once_(base::octets_taken_at_once(STDERR_FILENO)) {
  if (!is_greeting_ || isatty(STDERR_FILENO) == 1) return;
  original_.reset(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  privilege::set_signal_descriptor(-1);
  privilege::lead_nowhere(STDERR_FILENO);
}

void Voice::address_person() {
  is_greeting_ = false;
  if (original_) descriptor_ = original_.get();
  privilege::set_signal_descriptor(descriptor_);
}

void Voice::say(std::string_view text) const {
  base::Patience(max_patience).write(descriptor_, text, at_once_);
}

void Voice::tell(const base::Failure& failure, const std::string& destination,
                 const std::string& host) const {
  if (!is_greeting_) return say(describe(failure, destination, host) + "\n");
  Caller caller(STDIN_FILENO, STDOUT_FILENO);
  smtp::Relay relay(destination, host, smtp::Relay::Caller::listens);
  relay.lose(failure);
  take_leave(caller, relay);
}

void write_patiently(int descriptor, std::string_view text) {
  base::Patience(max_patience).write(descriptor, text, base::octets_taken_at_once(descriptor));
}

bool is_batch_waiting(int input) {
  struct stat status {};
  if (fstat(input, &status) == 0 && S_ISREG(status.st_mode)) return true;
  pollfd watched{input, POLLIN, 0};
  return poll(&watched, 1, 0) > 0;
}

}  // namespace sshsm::mailer
