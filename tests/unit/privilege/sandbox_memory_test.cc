#include "base/failure.h"
#include "build_settings.h"
#include "child.h"
#include "privilege/sandbox.h"

#include <doctest/doctest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>

namespace sshsm::privilege {
namespace {

/// Octets of address space that this process has.
std::size_t address_space() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "r"),
                                                             std::fclose);
  unsigned long pages = 0;
  if (!file || std::fscanf(file.get(), "%lu", &pages) != 1) throw std::runtime_error("no statm");
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// What became of the sandbox where no more than so many octets of memory are left.
std::string sandbox_within(std::size_t octets) {
  const auto ending = run_in_child([octets](Report& report) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const std::size_t most = address_space() + octets;
    const rlimit limit{most, most};
    if (setrlimit(RLIMIT_AS, &limit) != 0) throw std::runtime_error("no limit");
    try {
      report.add("seccomp", enter_sandbox().has_seccomp ? "yes" : "no");
    } catch (const base::Failure& failure) {
      report.add("failure", failure.detail());
    }
  });
  return ending.report;
}

}  // namespace

TEST_CASE("with too little memory for seccomp nobody goes on without it") {
  constexpr std::size_t plenty = std::size_t{8} << 20;
  // Such a build may be a sanitizer's, who takes memory of his own.
  if (SSHSM_SANDBOX == 0 || sandbox_within(plenty) == "seccomp: no\n") {
    MESSAGE("SKIP: this build or kernel has no seccomp");
    return;
  }
  std::set<std::string> ends;
  for (std::size_t octets = 0; octets <= plenty; octets += std::size_t{64} << 10)
    ends.insert(sandbox_within(octets));
  CHECK(ends ==
        std::set<std::string>{"failure: seccomp: Cannot allocate memory\n", "seccomp: yes\n"});
}

}  // namespace sshsm::privilege
