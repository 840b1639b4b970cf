#include "privilege/sandbox.h"

#include "base/failure.h"
#include "base/text.h"
#include "build_settings.h"
#include "privilege/landlock.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>

namespace sshsm::privilege {
namespace {

struct ReleaseFilter {
  void operator()(void* filter) const noexcept { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

/// The arguments of these do not matter: they work on what is open already, on our own memory, on
/// our own signals, or on the clock. Not here, on purpose: fstat by path (newfstatat with
/// AT_EMPTY_PATH cannot be told from it), ioctl (device drivers), kill, dup (nothing needs it).
constexpr auto allowed_calls = std::to_array<int>({
    SCMP_SYS(poll),         SCMP_SYS(ppoll),         SCMP_SYS(read),
    SCMP_SYS(write),        SCMP_SYS(readv),         SCMP_SYS(writev),
    SCMP_SYS(recvfrom),     SCMP_SYS(recvmsg),       SCMP_SYS(sendmsg),
    SCMP_SYS(getsockopt),   SCMP_SYS(shutdown),      SCMP_SYS(close),
    SCMP_SYS(fstat),        SCMP_SYS(lseek),         SCMP_SYS(ftruncate),
    SCMP_SYS(fsync),        SCMP_SYS(brk),           SCMP_SYS(munmap),
    SCMP_SYS(mremap),       SCMP_SYS(madvise),       SCMP_SYS(futex),
    SCMP_SYS(getrandom),    SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),
    SCMP_SYS(time),         SCMP_SYS(nanosleep),     SCMP_SYS(clock_nanosleep),
    SCMP_SYS(getpid),       SCMP_SYS(gettid),        SCMP_SYS(getppid),
    SCMP_SYS(getuid),       SCMP_SYS(geteuid),       SCMP_SYS(getgid),
    SCMP_SYS(getegid),      SCMP_SYS(rt_sigaction),  SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),   SCMP_SYS(restart_syscall),
    SCMP_SYS(wait4),        SCMP_SYS(waitid),        SCMP_SYS(exit),
    SCMP_SYS(exit_group),
});

constexpr std::uint64_t int_bits = 0xffffffff;

/// The kernel looks at the lower half alone where an argument is an int.
constexpr scmp_arg_cmp int_is(unsigned argument, int value) {
  return {argument, SCMP_CMP_MASKED_EQ, int_bits, static_cast<std::uint64_t>(value)};
}

constexpr scmp_arg_cmp lacks_bits(unsigned argument, int bits) {
  return {argument, SCMP_CMP_MASKED_EQ, static_cast<std::uint64_t>(bits), 0};
}

constexpr scmp_arg_cmp is_null(unsigned argument) {
  return {argument, SCMP_CMP_EQ, 0, 0};
}

/// `result` is a negative error number, or none, as libseccomp gives it.
void require(int result) {
  if (result < 0)
    throw base::Failure(base::Cause::resources_exhausted,
                        base::concat({"seccomp: ", base::system_error_text(-result)}));
}

void allow(const Filter& filter, int call, std::initializer_list<scmp_arg_cmp> conditions = {}) {
  require(seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, call,
                                 static_cast<unsigned>(conditions.size()), conditions.begin()));
}

/// Not F_SETOWN, which would let the kernel signal other processes for us.
void allow_descriptor_flags(const Filter& filter) {
  for (const int command : {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETPIPE_SZ})
    allow(filter, SCMP_SYS(fcntl), {int_is(1, command)});
}

/// What a new connection to the peer needs, since the dialler may bring another one.
void allow_socket_options(const Filter& filter) {
  allow(filter, SCMP_SYS(setsockopt), {int_is(1, SOL_SOCKET), int_is(2, SO_KEEPALIVE)});
  for (const int option :
       {TCP_QUICKACK, TCP_NODELAY, TCP_USER_TIMEOUT, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT})
    allow(filter, SCMP_SYS(setsockopt), {int_is(1, IPPROTO_TCP), int_is(2, option)});
}

/// No memory that is code: what the peer made us write cannot be run.
void allow_data_memory(const Filter& filter) {
  constexpr unsigned protection = 2;
  allow(filter, SCMP_SYS(mmap), {lacks_bits(protection, PROT_EXEC)});
  allow(filter, SCMP_SYS(mprotect), {lacks_bits(protection, PROT_EXEC)});
}

void allow_all(const Filter& filter) {
  for (const int call : allowed_calls) allow(filter, call);
  // abort(3) signals this process, and must reach our handler to end in 75.
  allow(filter, SCMP_SYS(tgkill), {int_is(0, getpid())});
  allow(filter, SCMP_SYS(sendto), {is_null(4)});  // no address: connected sockets alone
  allow_descriptor_flags(filter);
  allow_socket_options(filter);
  allow_data_memory(filter);
}

/// Asked with a filter that lies nowhere: a kernel that has none does not come to miss it
/// (PR_SET_SECCOMP(2const)).
bool has_kernel_seccomp() noexcept {
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, nullptr) != 0 && errno == EFAULT;
}

/// Where memory runs out under it libseccomp 2.5.4 works on with what it has freed, or for ever.
/// Our list takes 140 KB of it.
void require_memory() {
  constexpr std::size_t enough = std::size_t{2} << 20;
  void* const room =
      mmap(nullptr, enough, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) require(-errno);
  munmap(room, enough);
}

bool deny_by_seccomp(bool may_accept) {
  if (!has_kernel_seccomp()) return false;
  require_memory();
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) require(-ENOMEM);
  // The kernel's own error, which libseccomp keeps to itself else.
  require(seccomp_attr_set(filter.get(), SCMP_FLTATR_API_SYSRAWRC, 1));
  // Calls in the manner of another architecture: an error too, and not a kill.
  require(seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM)));
  if (may_accept) allow(filter, SCMP_SYS(accept4));
  allow_all(filter);
  require(seccomp_load(filter.get()));
  return true;
}

Sandbox enter(bool may_accept) {
  if constexpr (SSHSM_SANDBOX == 0) return {};
  Sandbox sandbox;
  sandbox.has_landlock = deny_by_landlock();
  sandbox.has_seccomp = deny_by_seccomp(may_accept);
  return sandbox;
}

}  // namespace

std::string describe(const Sandbox& sandbox) {
  return base::concat({"sandbox: Landlock ", sandbox.has_landlock ? "on" : "not available",
                       ", seccomp ", sandbox.has_seccomp ? "on" : "not available"});
}

Sandbox enter_sandbox() {
  return enter(false);
}

Sandbox enter_server_sandbox() {
  return enter(true);
}

}  // namespace sshsm::privilege
