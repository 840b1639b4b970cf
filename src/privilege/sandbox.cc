#include "privilege/sandbox.h"

#include "base/text.h"
#include "build_settings.h"
#include "privilege/landlock.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
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

bool allow(const Filter& filter, int call, std::initializer_list<scmp_arg_cmp> conditions = {}) {
  return seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, call,
                                static_cast<unsigned>(conditions.size()), conditions.begin()) == 0;
}

/// Not F_SETOWN, which would let the kernel signal other processes for us.
bool allow_descriptor_flags(const Filter& filter) {
  const auto allow_command = [&filter](int command) {
    return allow(filter, SCMP_SYS(fcntl), {int_is(1, command)});
  };
  constexpr std::array commands{F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETPIPE_SZ};
  return std::all_of(commands.begin(), commands.end(), allow_command);
}

/// What a new connection to the peer needs, since the dialler may bring another one.
bool allow_socket_options(const Filter& filter) {
  const auto allow_option = [&filter](int option) {
    return allow(filter, SCMP_SYS(setsockopt), {int_is(1, IPPROTO_TCP), int_is(2, option)});
  };
  constexpr std::array options{TCP_QUICKACK, TCP_NODELAY,   TCP_USER_TIMEOUT,
                               TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT};
  return allow(filter, SCMP_SYS(setsockopt), {int_is(1, SOL_SOCKET), int_is(2, SO_KEEPALIVE)}) &&
         std::all_of(options.begin(), options.end(), allow_option);
}

/// No memory that is code: what the peer made us write cannot be run.
bool allow_data_memory(const Filter& filter) {
  constexpr unsigned protection = 2;
  return allow(filter, SCMP_SYS(mmap), {lacks_bits(protection, PROT_EXEC)}) &&
         allow(filter, SCMP_SYS(mprotect), {lacks_bits(protection, PROT_EXEC)});
}

bool allow_all(const Filter& filter) {
  // abort(3) signals this process, and must reach our handler to end in 75.
  return std::all_of(allowed_calls.begin(), allowed_calls.end(),
                     [&filter](int call) { return allow(filter, call); }) &&
         allow(filter, SCMP_SYS(tgkill), {int_is(0, getpid())}) &&
         allow(filter, SCMP_SYS(sendto), {is_null(4)}) &&  // no address: connected sockets alone
         allow_descriptor_flags(filter) && allow_socket_options(filter) &&
         allow_data_memory(filter);
}

bool deny_by_seccomp(bool may_accept) {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  return filter != nullptr && (!may_accept || allow(filter, SCMP_SYS(accept4))) &&
         // Calls in the manner of another architecture: an error too, and not a kill.
         seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM)) == 0 &&
         allow_all(filter) && seccomp_load(filter.get()) == 0;
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

Sandbox enter_sandbox() noexcept {
  return enter(false);
}

Sandbox enter_server_sandbox() noexcept {
  return enter(true);
}

}  // namespace sshsm::privilege
