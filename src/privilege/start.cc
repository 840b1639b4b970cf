#include "privilege/start.h"

#include "privilege/signals.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace sshsm::privilege {
namespace {

constexpr unsigned first_foreign_descriptor = 3;
/// Where close_range(2) is missing (before Linux 5.9): the highest descriptor that is looked at.
constexpr int last_descriptor_tried = 65535;

/// `direction` is O_RDONLY or O_WRONLY.
bool is_open_for(int number, int direction) noexcept {
  const int flags = fcntl(number, F_GETFL);
  if (flags < 0 || (flags & O_PATH) != 0) return false;
  const int mode = flags & O_ACCMODE;
  return mode == O_RDWR || mode == direction;
}

/// One end of a pipe whose other end is closed: reads as end of input, and writing is an error.
int open_dead_end(int direction) noexcept {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return -1;
  const bool reads = direction == O_RDONLY;
  close(ends[reads ? 1 : 0]);
  return ends[reads ? 0 : 1];
}

/// The direction in which a standard descriptor is used.
int direction_of(int number) noexcept {
  return number == STDIN_FILENO ? O_RDONLY : O_WRONLY;
}

void provide(int number) noexcept {
  if (!is_open_for(number, direction_of(number))) lead_nowhere(number);
}

void close_from(unsigned first, unsigned last) noexcept {
  if (first > last || close_range(first, last, 0) == 0) return;
  const int end = static_cast<int>(std::min<unsigned>(last, last_descriptor_tried));
  for (int number = static_cast<int>(first); number <= end; ++number) close(number);
}

/// Nobody gets at our memory, where the private key is: no core, no ptrace(2), no /proc/PID/mem.
void keep_memory_private() noexcept {
  const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
  setrlimit(RLIMIT_CORE, &no_core);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace

void lead_nowhere(int number) noexcept {
  int opened = open("/dev/null", direction_of(number) | O_NOCTTY);
  // A root directory without /dev: the number must be taken all the same, or the connection to
  // the peer would get it and carry our diagnostics.
  if (opened < 0) opened = open_dead_end(direction_of(number));
  if (opened < 0 || opened == number) return;
  dup2(opened, number);
  close(opened);
}

void close_all_but(int kept) noexcept {
  const auto number = static_cast<unsigned>(kept);
  close_from(first_foreign_descriptor, number - 1);
  close_from(number + 1, ~0U);
}

void start_clean(unsigned kept) noexcept {
  provide(STDIN_FILENO);
  provide(STDOUT_FILENO);
  provide(STDERR_FILENO);
  close_from(first_foreign_descriptor + kept, ~0U);
  handle_fatal_signals();
  clearenv();
  umask(S_IRWXG | S_IRWXO);
  keep_memory_private();
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

}  // namespace sshsm::privilege
