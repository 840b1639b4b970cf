/// Makes a program that runs make system calls that it never would, as somebody would who runs his
/// own code in it, and prints what became of each: `NAME: done` or `NAME: EPERM`. Root may do that
/// to any process (ptrace(2)), and what the process has given up counts for these calls as for its
/// own: so the program that is installed is examined and not one made for it.
///
///     inject_calls PID [NAME...]     without names, every call of the table
///
/// The status is 0 when all were made, 99 otherwise, and 77 on a machine that is no x86_64.
#include <cstdio>

#ifndef __x86_64__
int main() {
  std::puts("SKIP: only x86_64 is known");
  return 77;
}
#else
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace {

using Word = unsigned long long;

/// What the calls point at; it lies below the stack of the examined program meanwhile.
struct Scratch {
  char file[16] = "/etc/passwd";
  char device[16] = "/dev/null";
  char made[32] = "/tmp/sshsm-injected";
  char program[16] = "/bin/true";
  Word no_arguments[1] = {0};
  sockaddr_in address{};
  Word room[16] = {};
};

/// What is in the scratch, and the examined process itself, is filled in once it is known.
enum class Kind { number, scratch, self };
struct Argument {
  Kind kind = Kind::number;
  Word value = 0;
};
constexpr Argument number(long value) {
  return {Kind::number, static_cast<Word>(value)};
}
constexpr Argument at(std::size_t offset) {
  return {Kind::scratch, offset};
}
// Who may signal or trace whom is another matter: a process that does not exist is ESRCH to all who
// may ask at all.
constexpr Argument nobody = number(0x3fffffff);
constexpr Argument self{Kind::self, 0};
constexpr Argument file = at(offsetof(Scratch, file));
constexpr Argument made = at(offsetof(Scratch, made));
constexpr Argument program = at(offsetof(Scratch, program));
constexpr Argument nothing = at(offsetof(Scratch, no_arguments));
constexpr Argument address = at(offsetof(Scratch, address));
constexpr Argument room = at(offsetof(Scratch, room));
constexpr Argument page = number(4096);

struct Call {
  std::string_view name;
  long call;
  std::array<Argument, 6> arguments;
};

constexpr auto calls = std::to_array<Call>({
    {"getpid", SYS_getpid, {}},
    {"open", SYS_open, {file, number(O_RDONLY)}},
    {"openat", SYS_openat, {number(AT_FDCWD), file, number(O_RDONLY)}},
    {"openat2", SYS_openat2, {number(AT_FDCWD), file, room, number(24)}},
    {"open a device",
     SYS_openat,
     {number(AT_FDCWD), at(offsetof(Scratch, device)), number(O_RDWR)}},
    {"create", SYS_openat, {number(AT_FDCWD), made, number(O_CREAT | O_WRONLY), number(0600)}},
    {"stat", SYS_stat, {file, room}},
    {"unlink", SYS_unlink, {made}},
    {"chmod", SYS_chmod, {made, number(0666)}},
    {"socket", SYS_socket, {number(AF_INET), number(SOCK_STREAM), number(0)}},
    {"unix socket", SYS_socket, {number(AF_UNIX), number(SOCK_STREAM), number(0)}},
    {"connect 0", SYS_connect, {number(0), address, number(sizeof(sockaddr_in))}},
    {"connect 3", SYS_connect, {number(3), address, number(sizeof(sockaddr_in))}},
    {"connect 4", SYS_connect, {number(4), address, number(sizeof(sockaddr_in))}},
    {"connect 5", SYS_connect, {number(5), address, number(sizeof(sockaddr_in))}},
    {"bind", SYS_bind, {number(3), address, number(sizeof(sockaddr_in))}},
    {"listen", SYS_listen, {number(3), number(1)}},
    {"accept", SYS_accept, {number(3), number(0), number(0)}},
    {"execve", SYS_execve, {program, nothing, nothing}},
    {"execveat", SYS_execveat, {number(AT_FDCWD), program, nothing, nothing, number(0)}},
    {"fork", SYS_fork, {}},
    {"vfork", SYS_vfork, {}},
    {"clone", SYS_clone, {number(SIGCHLD)}},
    {"clone3", SYS_clone3, {room, number(64)}},
    {"ptrace", SYS_ptrace, {number(PTRACE_ATTACH), nobody}},
    {"process_vm_readv", SYS_process_vm_readv, {nobody, room, number(1), room, number(1)}},
    {"pidfd_open", SYS_pidfd_open, {nobody, number(0)}},
    {"pidfd_getfd", SYS_pidfd_getfd, {number(3), number(0), number(0)}},
    {"kill of another", SYS_kill, {nobody, number(0)}},
    {"kill", SYS_kill, {self, number(0)}},
    {"tkill", SYS_tkill, {self, number(0)}},
    {"tgkill of another", SYS_tgkill, {nobody, nobody, number(0)}},
    {"owner of signals", SYS_fcntl, {number(3), number(F_SETOWN), nobody}},
    {"setuid", SYS_setuid, {number(-1)}},
    {"dumpable", SYS_prctl, {number(PR_SET_DUMPABLE), number(1)}},
    {"code",
     SYS_mmap,
     {number(0), page, number(PROT_READ | PROT_EXEC), number(MAP_PRIVATE | MAP_ANONYMOUS),
      number(-1)}},
    {"memfd_create", SYS_memfd_create, {made, number(0)}},
    {"io_uring_setup", SYS_io_uring_setup, {number(1), room}},
    {"ioctl", SYS_ioctl, {number(0), number(0x5412), file}},
});

[[noreturn]] void stop(const char* what) {
  std::perror(what);
  std::exit(99);
}

/// The examined program, stopped inside a system call of its own, whose instruction serves for
/// ours.
class Examined {
 public:
  explicit Examined(pid_t pid) : pid_(pid) {
    if (ptrace(PTRACE_SEIZE, pid_, nullptr, PTRACE_O_EXITKILL) != 0) stop("seize");
    if (ptrace(PTRACE_INTERRUPT, pid_, nullptr, nullptr) != 0) stop("interrupt");
    wait_for_stop();
    if (ptrace(PTRACE_GETREGS, pid_, nullptr, &own_) != 0) stop("registers");
    own_.rip -= syscall_length;
    const long code = ptrace(PTRACE_PEEKTEXT, pid_, own_.rip, nullptr);
    if ((code & 0xffff) != syscall_instruction) stop("not in a call");
    scratch_ = (own_.rsp - 1024 - sizeof(Scratch)) & ~Word{15};
  }

  /// What the call gave, -errno where it failed.
  [[nodiscard]] long make(const Call& call) {
    write_scratch();
    user_regs_struct registers = own_;
    registers.orig_rax = ~Word{0};
    registers.rax = static_cast<Word>(call.call);
    const std::array places{&registers.rdi, &registers.rsi, &registers.rdx,
                            &registers.r10, &registers.r8,  &registers.r9};
    for (std::size_t i = 0; i < places.size(); ++i) *places[i] = value_of(call.arguments[i]);
    run(registers);
    return static_cast<long>(registers.rax);
  }

  /// Its own call begins again where it was interrupted. One that was through is not made twice:
  /// what it has read would be lost.
  void release() {
    const auto result = static_cast<long>(own_.rax);
    if (result >= last_restart && result <= first_restart)
      own_.rax = own_.orig_rax;
    else
      own_.rip += syscall_length;
    own_.orig_rax = ~Word{0};
    if (ptrace(PTRACE_SETREGS, pid_, nullptr, &own_) != 0) stop("registers");
    if (ptrace(PTRACE_DETACH, pid_, nullptr, nullptr) != 0) stop("detach");
  }

 private:
  static constexpr unsigned syscall_length = 2;
  /// ERESTARTSYS to ERESTART_RESTARTBLOCK, which only the kernel and a tracer see.
  static constexpr long first_restart = -512;
  static constexpr long last_restart = -516;
  static constexpr long syscall_instruction = 0x050f;

  void wait_for_stop() const {
    int status = 0;
    if (waitpid(pid_, &status, __WALL) != pid_ || !WIFSTOPPED(status)) stop("it did not stop");
  }

  void write_scratch() const {
    Scratch scratch;
    scratch.address.sin_family = AF_INET;
    scratch.address.sin_port = htons(25);
    scratch.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const iovec here{&scratch, sizeof scratch};
    const iovec there{reinterpret_cast<void*>(scratch_), sizeof scratch};
    if (process_vm_writev(pid_, &here, 1, &there, 1, 0) != sizeof scratch) stop("write");
  }

  [[nodiscard]] Word value_of(const Argument& argument) const {
    switch (argument.kind) {
      case Kind::number:
        return argument.value;
      case Kind::scratch:
        return scratch_ + argument.value;
      case Kind::self:
        return static_cast<Word>(pid_);
    }
    return 0;
  }

  void run(user_regs_struct& registers) const {
    if (ptrace(PTRACE_SETREGS, pid_, nullptr, &registers) != 0) stop("registers");
    if (ptrace(PTRACE_SINGLESTEP, pid_, nullptr, nullptr) != 0) stop("step");
    wait_for_stop();
    if (ptrace(PTRACE_GETREGS, pid_, nullptr, &registers) != 0) stop("registers");
  }

  pid_t pid_;
  user_regs_struct own_{};
  Word scratch_ = 0;
};

bool is_wanted(std::span<char* const> names, std::string_view name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

int main(int count, char** given) {
  if (count < 2) return 99;
  const std::span names(given + 2, given + count);
  Examined examined(std::atoi(given[1]));
  for (const Call& call : calls) {
    if (!is_wanted(names, call.name)) continue;
    const long result = examined.make(call);
    const bool has_failed = result < 0 && result >= -4095;
    std::printf("%s: %s\n", std::string(call.name).c_str(),
                has_failed ? strerrorname_np(static_cast<int>(-result)) : "done");
  }
  examined.release();
}
#endif
