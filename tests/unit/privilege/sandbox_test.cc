#include "privilege/sandbox.h"

#include "base/descriptor.h"
#include "build_settings.h"
#include "child.h"
#include "privilege/start.h"
#include "sockets.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>

namespace sshsm::privilege {
namespace {

/// Runs `work` in a sandboxed child, with `prepare` before that and what it made.
template <typename Prepared>
Ending run_in_sandbox(Prepared (*prepare)(), const std::function<void(Report&, Prepared&)>& work) {
  return run_in_child([&](Report& report) {
    Prepared prepared = prepare();
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const Sandbox sandbox = enter_sandbox();
    if (!sandbox.has_seccomp) throw std::runtime_error("no seccomp");
    work(report, prepared);
  });
}

/// Whether this build and this kernel have both halves; says so where they do not.
bool lacks_sandbox() {
  const auto ending = run_in_child([](Report& report) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const Sandbox sandbox = enter_sandbox();
    report.add("landlock", sandbox.has_landlock ? "yes" : "no");
    report.add("seccomp", sandbox.has_seccomp ? "yes" : "no");
  });
  const bool is_whole = ending.report == "landlock: yes\nseccomp: yes\n";
  if (!is_whole) MESSAGE("SKIP: this build or kernel has no whole sandbox: ", ending.report);
  return !is_whole;
}

Pair make_pair() {
  return Pair();
}

}  // namespace

TEST_CASE("the trace names what of the sandbox there is") {
  CHECK(describe({true, true}) == "sandbox: Landlock on, seccomp on");
  CHECK(describe({false, true}) == "sandbox: Landlock not available, seccomp on");
  CHECK(describe({true, false}) == "sandbox: Landlock on, seccomp not available");
}

TEST_CASE("a build without sandbox does nothing and says so") {
  if constexpr (SSHSM_SANDBOX == 1) return;
  const Sandbox sandbox = enter_sandbox();
  CHECK_FALSE(sandbox.has_landlock);
  CHECK_FALSE(sandbox.has_seccomp);
  CHECK(base::Descriptor(open("/", O_RDONLY)));
}

TEST_CASE("a sandboxed process opens, changes and asks for no file") {
  if (lacks_sandbox()) return;
  const auto ending = run_in_sandbox<Pair>(make_pair, [](Report& report, Pair&) {
    struct stat status {};
    report.add_call("open", open("/etc/passwd", O_RDONLY));
    report.add_call("open /dev/null", open("/dev/null", O_WRONLY));
    report.add_call("create", open("/tmp/sandbox_test", O_WRONLY | O_CREAT, 0600));
    report.add_call("unlink", unlink("/tmp/sandbox_test"));
    report.add_call("rename", rename("/tmp/sandbox_test", "/tmp/sandbox_test2"));
    report.add_call("mkdir", mkdir("/tmp/sandbox_test", 0700));
    report.add_call("stat", stat("/etc/passwd", &status));
    report.add_call("access", access("/etc/passwd", R_OK));
    report.add_call("chdir", chdir("/"));
    report.add_call("chroot", chroot("/"));
  });
  CHECK(ending.report ==
        "open: EPERM\nopen /dev/null: EPERM\ncreate: EPERM\nunlink: EPERM\nrename: EPERM\n"
        "mkdir: EPERM\nstat: EPERM\naccess: EPERM\nchdir: EPERM\nchroot: EPERM\n");
  CHECK(ending.status == 0);
}

TEST_CASE("a sandboxed process makes no connection") {
  if (lacks_sandbox()) return;
  const auto ending =
      run_in_sandbox<base::Descriptor>(make_tcp_socket, [](Report& report, base::Descriptor& tcp) {
        const sockaddr_in address = loopback();
        std::array<int, 2> ends{};
        report.add_call("socket", socket(AF_INET, SOCK_STREAM, 0));
        report.add_call("unix socket", socket(AF_UNIX, SOCK_STREAM, 0));
        report.add_call("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()));
        report.add_call("connect", connect(tcp.get(), generic(address), sizeof address));
        report.add_call("bind", bind(tcp.get(), generic(address), sizeof address));
        report.add_call("listen", listen(tcp.get(), 1));
        report.add_call("accept", accept(tcp.get(), nullptr, nullptr));
        report.add_call("fast open", sendto(tcp.get(), "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL,
                                            generic(address), sizeof address));
      });
  CHECK(ending.report ==
        "socket: EPERM\nunix socket: EPERM\nsocketpair: EPERM\nconnect: EPERM\nbind: EPERM\n"
        "listen: EPERM\naccept: EPERM\nfast open: EPERM\n");
}

TEST_CASE("a sandboxed process starts, stops and watches no other process") {
  if (lacks_sandbox()) return;
  const auto ending = run_in_sandbox<Pair>(make_pair, [](Report& report, Pair& pair) {
    std::array<char*, 1> nothing{};
    const pid_t parent = getppid();
    report.add_call("fork", fork());
    report.add_call("clone", syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
    report.add_call("execve", execve("/bin/true", nothing.data(), nothing.data()));
    report.add_call("kill parent", kill(parent, 0));
    report.add_call("kill self", kill(getpid(), 0));
    report.add_call("tgkill parent", syscall(SYS_tgkill, parent, parent, 0));
    // Allowed, this would be ESRCH: Landlock alone does not say EPERM to it.
    report.add_call("tgkill of a mixed name", syscall(SYS_tgkill, parent, gettid(), 0));
    report.add_call("ptrace", ptrace(PTRACE_ATTACH, parent, nullptr, nullptr));
    report.add_call("owner of signals", fcntl(pair.near.get(), F_SETOWN, parent));
    report.add_call("setuid", setuid(0));
    report.add_call("prctl", prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
    report.add_call("unshare", unshare(CLONE_NEWUSER));
  });
  CHECK(ending.report ==
        "fork: EPERM\nclone: EPERM\nexecve: EPERM\nkill parent: EPERM\nkill self: EPERM\n"
        "tgkill parent: EPERM\ntgkill of a mixed name: EPERM\nptrace: EPERM\nowner of signals: "
        "EPERM\nsetuid: EPERM\n"
        "prctl: EPERM\nunshare: EPERM\n");
}

TEST_CASE("a sandboxed process makes no code") {
  if (lacks_sandbox()) return;
  const auto ending = run_in_sandbox<Pair>(make_pair, [](Report& report, Pair&) {
    const auto map = [](int protection) {
      return mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    };
    report.add_call("executable", map(PROT_READ | PROT_EXEC) == MAP_FAILED ? -1 : 0);
    void* const page = map(PROT_READ | PROT_WRITE);
    report.add_call("plain", page == MAP_FAILED ? -1 : 0);
    report.add_call("made executable", mprotect(page, 4096, PROT_READ | PROT_EXEC));
    report.add_call("with a key", syscall(SYS_pkey_mprotect, page, 4096, PROT_EXEC, -1));
    report.add_call("made read-only", mprotect(page, 4096, PROT_READ));
    report.add_call("memfd", memfd_create("code", 0));
  });
  CHECK(ending.report ==
        "executable: EPERM\nplain: done\nmade executable: EPERM\nwith a key: EPERM\n"
        "made read-only: done\nmemfd: EPERM\n");
}

TEST_CASE("of the socket options a session's own are left") {
  if (lacks_sandbox()) return;
  const auto ending =
      run_in_sandbox<base::Descriptor>(make_tcp_socket, [](Report& report, base::Descriptor& tcp) {
        const auto set = [&](int level, int option, int value) {
          return setsockopt(tcp.get(), level, option, &value, sizeof value);
        };
        int error = 0;
        socklen_t size = sizeof error;
        report.add_call("TCP_QUICKACK", set(IPPROTO_TCP, TCP_QUICKACK, 1));
        report.add_call("TCP_NODELAY", set(IPPROTO_TCP, TCP_NODELAY, 1));
        report.add_call("TCP_USER_TIMEOUT", set(IPPROTO_TCP, TCP_USER_TIMEOUT, 1000));
        report.add_call("SO_KEEPALIVE", set(SOL_SOCKET, SO_KEEPALIVE, 1));
        report.add_call("SO_ERROR", getsockopt(tcp.get(), SOL_SOCKET, SO_ERROR, &error, &size));
        report.add_call("SO_MARK", set(SOL_SOCKET, SO_MARK, 1));
        report.add_call("TCP_ULP", set(IPPROTO_TCP, TCP_ULP, 0));
        report.add_call("IP_TTL", set(IPPROTO_IP, IP_TTL, 1));
        report.add_call("ioctl", ioctl(tcp.get(), FIONREAD, &error));
      });
  CHECK(ending.report ==
        "TCP_QUICKACK: done\nTCP_NODELAY: done\nTCP_USER_TIMEOUT: done\nSO_KEEPALIVE: done\n"
        "SO_ERROR: done\nSO_MARK: EPERM\nTCP_ULP: EPERM\nIP_TTL: EPERM\nioctl: EPERM\n");
}

TEST_CASE("a session goes on over its open descriptors") {
  if (lacks_sandbox()) return;
  const auto ending = run_in_sandbox<Pair>(make_pair, [](Report& report, Pair& pair) {
    std::array<char, 8> bytes{};
    iovec piece{.iov_base = bytes.data(), .iov_len = 1};
    pollfd waiting{.fd = pair.far.get(), .events = POLLIN, .revents = 0};
    const timespec soon{.tv_sec = 0, .tv_nsec = 1000};
    report.add_call("poll", poll(&waiting, 1, 1));
    report.add_call("ppoll", ppoll(&waiting, 1, &soon, nullptr));
    report.add_call("write", write(pair.near.get(), "abcd", 4));
    report.add_call("read", read(pair.far.get(), bytes.data(), 1));
    report.add_call("readv", readv(pair.far.get(), &piece, 1));
    report.add_call("recv", recv(pair.far.get(), bytes.data(), 8, 0));
    report.add_call("send", send(pair.near.get(), "x", 1, MSG_NOSIGNAL));
    report.add_call("writev", writev(pair.near.get(), &piece, 1));
    report.add_call("flags", fcntl(pair.near.get(), F_SETFL, O_NONBLOCK));
    report.add_call("shutdown", shutdown(pair.near.get(), SHUT_WR));
    report.add_call("close", close(pair.near.release()));
  });
  CHECK(ending.report ==
        "poll: done\nppoll: done\nwrite: done\nread: done\nreadv: done\nrecv: done\nsend: done\n"
        "writev: done\nflags: done\nshutdown: done\nclose: done\n");
}

TEST_CASE("a descriptor that was sent before or is sent later arrives and works") {
  if (lacks_sandbox()) return;
  Pair dialler(SOCK_SEQPACKET);
  Pair line;
  pass_descriptor(dialler.far.get(), line.near.get());
  REQUIRE(write(line.far.get(), "220", 3) == 3);
  const auto ending = run_in_child([&](Report& report) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!enter_sandbox().has_seccomp) return;
    const base::Descriptor received(receive_descriptor(dialler.near.get()));
    std::array<char, 4> text{};
    report.add_call("receive", received.get());
    report.add("read", std::to_string(read(received.get(), text.data(), 3)));
    report.add("text", text.data());
  });
  CHECK(ending.report == "receive: done\nread: 3\ntext: 220\n");
}

TEST_CASE("memory, clock, random numbers, exceptions and local time go on working") {
  if (lacks_sandbox()) return;
  const auto prepare = [] {
    tzset();
    return 0;
  };
  const auto ending = run_in_sandbox<int>(prepare, [](Report& report, int&) {
    std::string large(std::size_t{32} << 20, 'x');
    large += large;
    report.add("memory", std::to_string(large.size()));
    std::array<char, 16> random{};
    report.add_call("random", getrandom(random.data(), random.size(), 0));
    const timespec soon{.tv_sec = 0, .tv_nsec = 1000};
    report.add_call("sleep", -nanosleep(&soon, nullptr));
    const time_t now = time(nullptr);
    tm parts{};
    report.add_call("time", localtime_r(&now, &parts) == nullptr ? -1 : 0);
    try {
      throw std::runtime_error("caught");
    } catch (const std::exception& exception) {
      report.add("exception", exception.what());
    }
  });
  CHECK(ending.report ==
        "memory: 67108864\nrandom: done\nsleep: done\ntime: done\nexception: caught\n");
}

TEST_CASE("a child from before, as the dialler is, can be waited for") {
  if (lacks_sandbox()) return;
  const auto prepare = [] {
    const pid_t child = fork();
    if (child == 0) _exit(7);
    return child;
  };
  const auto ending = run_in_sandbox<pid_t>(prepare, [](Report& report, pid_t& child) {
    int status = 0;
    report.add_call("wait", waitpid(child, &status, 0));
    report.add("status", std::to_string(WEXITSTATUS(status)));
  });
  CHECK(ending.report == "wait: done\nstatus: 7\n");
}

TEST_CASE("abort in the sandbox still ends in 75") {
  if (lacks_sandbox()) return;
  const auto ending = run_in_child([](Report&) {
    start_clean();
    set_signal_descriptor(-1);
    if (enter_sandbox().has_seccomp) std::abort();
  });
  CHECK(ending.status == 75);
}

#ifdef __x86_64__
TEST_CASE("a call in the manner of another architecture is an error and not a kill") {
  if (lacks_sandbox()) return;
  const auto ending = run_in_sandbox<Pair>(make_pair, [](Report& report, Pair&) {
    constexpr long x32_bit = 0x40000000;
    report.add_call("x32 getpid", syscall(x32_bit | SYS_getpid));
  });
  CHECK(ending.report == "x32 getpid: EPERM\n");
  CHECK(ending.status == 0);
}
#endif

}  // namespace sshsm::privilege
