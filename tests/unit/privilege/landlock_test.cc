#include "privilege/landlock.h"

#include "base/descriptor.h"
#include "child.h"
#include "sockets.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sshsm::privilege {
namespace {

bool lacks_landlock() {
  const bool has = syscall(444, nullptr, 0, 1) >= 6;
  if (!has) MESSAGE("SKIP: this kernel's Landlock is older than ABI 6");
  return !has;
}

}  // namespace

TEST_CASE("Landlock alone denies files, TCP, abstract sockets and signals to others") {
  if (lacks_landlock()) return;
  const auto ending = run_in_child([](Report& report) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const Pair pair(SOCK_STREAM);
    report.add("denied", deny_by_landlock() ? "yes" : "no");
    const sockaddr_in address = loopback();
    const base::Descriptor tcp = make_tcp_socket();
    report.add_call("open", open("/etc/passwd", O_RDONLY));
    report.add_call("create", open("/tmp/sandbox_test", O_WRONLY | O_CREAT, 0600));
    report.add_call("connect", connect(tcp.get(), generic(address), sizeof address));
    report.add_call("bind", bind(tcp.get(), generic(address), sizeof address));
    report.add_call("kill parent", kill(getppid(), 0));
    report.add_call("kill self", kill(getpid(), 0));
    report.add_call("write", write(pair.near.get(), "x", 1));
  });
  CHECK(ending.report ==
        "denied: yes\nopen: EACCES\ncreate: EACCES\nconnect: EACCES\nbind: EACCES\n"
        "kill parent: EPERM\nkill self: done\nwrite: done\n");
}

TEST_CASE("Landlock needs no_new_privs where there is no privilege, and fails without") {
  if (lacks_landlock()) return;
  const auto ending = run_in_child([](Report& report) {
    if (is_root() && setresuid(65534, 65534, 65534) != 0) return;
    report.add("denied", deny_by_landlock() ? "yes" : "no");
  });
  CHECK(ending.report ==
        "exception: 4.3.1 sshsm: this machine has no resources left: Landlock: Operation not "
        "permitted; the mail waits in the queue\n");
}

TEST_CASE("without a descriptor left for it Landlock is no less there, and that fails") {
  if (lacks_landlock()) return;
  const auto ending = run_in_child([](Report& report) {
    const rlimit none{};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    report.add_call("limit", setrlimit(RLIMIT_NOFILE, &none));
    report.add("denied", deny_by_landlock() ? "yes" : "no");
  });
  CHECK(ending.report ==
        "limit: done\nexception: 4.3.1 sshsm: this machine has no resources left: Landlock: Too "
        "many open files; the mail waits in the queue\n");
}

}  // namespace sshsm::privilege
