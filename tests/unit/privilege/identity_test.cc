#include "privilege/identity.h"

#include "child.h"

#include <doctest/doctest.h>
#include <grp.h>
#include <linux/securebits.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::privilege {
namespace {

// Debian gives these to every machine.
constexpr uid_t nobody = 65534;
constexpr uid_t daemon_user = 1;
constexpr gid_t daemon_group = 1;
constexpr gid_t foreign_group = 8;
/// Nobody has it.
constexpr uid_t unknown_user = 1999999999;

bool lacks_root() {
  if (!is_root()) MESSAGE("SKIP: another identity can be taken only by root");
  return !is_root();
}

std::string groups_text() {
  std::vector<gid_t> groups(256);
  groups.resize(static_cast<std::size_t>(getgroups(256, groups.data())));
  std::sort(groups.begin(), groups.end());
  std::string text;
  for (const gid_t group : groups) text += std::to_string(group) + " ";
  return text;
}

std::string capabilities_text() {
  std::ifstream status("/proc/self/status");
  std::string text;
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("Cap") && !line.starts_with("CapBnd"))
      text += line.substr(0, 6) + " " +
              (line.find_first_of("123456789abcdef", 8) == std::string::npos ? "none" : "some") +
              " ";
  return text;
}

void add_identity(Report& report) {
  std::array<uid_t, 3> users{};
  std::array<gid_t, 3> groups{};
  getresuid(&users[0], &users[1], &users[2]);
  getresgid(&groups[0], &groups[1], &groups[2]);
  const auto text = [](const auto& ids) {
    return std::to_string(ids[0]) + " " + std::to_string(ids[1]) + " " + std::to_string(ids[2]);
  };
  report.add("users", text(users));
  report.add("groups", text(groups));
  report.add("other groups", groups_text());
  report.add("capabilities", capabilities_text());
  report.add("dumpable", std::to_string(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)));
}

constexpr std::string_view nobody_alone =
    "users: 65534 65534 65534\ngroups: 65534 65534 65534\nother groups: 65534 \n"
    "capabilities: CapInh none CapPrm none CapEff none CapAmb none \ndumpable: 0\n";

void set_foreign_groups() {
  const std::array groups{foreign_group, daemon_group, gid_t{0}};
  if (setgroups(groups.size(), groups.data()) != 0) throw std::runtime_error("setgroups");
}

void drop_other_groups() {
  if (setgroups(0, nullptr) != 0) throw std::runtime_error("setgroups");
}

void set_groups(gid_t real, gid_t effective, gid_t saved) {
  if (setresgid(real, effective, saved) != 0) throw std::runtime_error("setresgid");
}

void set_users(uid_t real, uid_t effective, uid_t saved) {
  if (setresuid(real, effective, saved) != 0) throw std::runtime_error("setresuid");
}

constexpr std::uint32_t done = SCMP_ACT_ERRNO(0);

struct Answer {
  int call;
  std::uint32_t action;
};

/// From here on the kernel answers these system calls without making them.
void answer(std::initializer_list<Answer> answers) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  for (const auto [call, action] : answers)
    if (seccomp_rule_add(filter, action, call, 0) != 0) throw std::runtime_error("seccomp rule");
  if (seccomp_load(filter) != 0) throw std::runtime_error("seccomp load");
}

/// Capabilities then survive every change of uid.
void keep_capabilities() {
  if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) != 0)
    throw std::runtime_error("securebits");
}

/// How become_mail_user goes in a child that `prepare` made.
Ending become_after(const std::function<void()>& prepare, const std::string& run_as) {
  return run_in_child([&](Report& report) {
    prepare();
    become_mail_user(current_caller(), run_as);
    add_identity(report);
  });
}

std::string refusal(const std::string& detail) {
  return "exception: 4.3.5 sshsm: cannot become the mail user: " + detail +
         "; set run-as in sshsm.conf, or have sshsm started as the mail user\n";
}

}  // namespace

TEST_CASE("a caller is foreign where his real uid is neither root nor the effective one") {
  CHECK(Caller{1000, 999, 5, 5}.is_foreign());
  CHECK(Caller{1000, 0, 5, 5}.is_foreign());
  CHECK_FALSE(Caller{0, 999, 5, 5}.is_foreign());
  CHECK_FALSE(Caller{0, 0, 5, 5}.is_foreign());
  CHECK_FALSE(Caller{999, 999, 5, 6}.is_foreign());
  CHECK(Caller{1000, 0, 5, 5}.is_root());
  CHECK_FALSE(Caller{0, 999, 5, 5}.is_root());
}

TEST_CASE("an ordinary user stays who he is, run-as or not") {
  const auto ending = run_in_child([](Report& report) {
    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
    if (is_root() && setresuid(nobody, nobody, nobody) != 0) return;
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    const Caller caller = current_caller();
    become_mail_user(caller, "root");
    const bool is_same = getuid() == caller.effective_user && getgid() == caller.real_group;
    report.add("same", is_same ? "yes" : "no");
    report.add("dumpable", std::to_string(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)));
    report.add("keep capabilities", std::to_string(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0)));
    report.add("capabilities", capabilities_text());
  });
  CHECK(ending.report ==
        "same: yes\ndumpable: 0\nkeep capabilities: 0\ncapabilities: CapInh none CapPrm none "
        "CapEff none CapAmb none \n");
}

TEST_CASE("root becomes run-as with that user's groups") {
  if (lacks_root()) return;
  const auto ending = become_after(set_foreign_groups, "nobody");
  CHECK(ending.report == nobody_alone);
  CHECK(ending.status == 0);
}

TEST_CASE("real root with another effective user becomes that user, as sendmail's F=S wants it") {
  if (lacks_root()) return;
  const auto ending = become_after(
      [] {
        set_foreign_groups();
        set_groups(daemon_group, daemon_group, daemon_group);
        set_users(0, nobody, nobody);
      },
      "root");
  CHECK(ending.report == nobody_alone);
  CHECK(ending.status == 0);
}

TEST_CASE("a set-id copy of root becomes run-as whoever called it") {
  if (lacks_root()) return;
  const auto ending = become_after([] { set_users(daemon_user, 0, 0); }, "nobody");
  CHECK(ending.report == nobody_alone);
}

TEST_CASE("a set-id copy called by another user takes the owner's three ids, not his groups") {
  if (lacks_root()) return;
  const auto ending = become_after(
      [] {
        set_foreign_groups();
        set_groups(daemon_group, daemon_group, daemon_group);
        set_users(daemon_user, nobody, nobody);
      },
      "root");
  CHECK(ending.report ==
        "users: 65534 65534 65534\ngroups: 1 1 1\nother groups: 0 1 8 \n"
        "capabilities: CapInh none CapPrm none CapEff none CapAmb none \ndumpable: 0\n");
}

TEST_CASE("the effective and saved group of a set-gid copy are given up") {
  if (lacks_root()) return;
  const auto ending = become_after(
      [] {
        drop_other_groups();
        set_groups(daemon_group, foreign_group, foreign_group);
        set_users(nobody, nobody, nobody);
      },
      "");
  CHECK(ending.report ==
        "users: 65534 65534 65534\ngroups: 1 1 1\nother groups: \n"
        "capabilities: CapInh none CapPrm none CapEff none CapAmb none \ndumpable: 0\n");
}

TEST_CASE("capabilities that a parent gave to an ordinary user are given up") {
  if (lacks_root()) return;
  const auto ending = become_after(
      [] {
        prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
        drop_other_groups();
        set_groups(daemon_group, daemon_group, daemon_group);
        set_users(nobody, nobody, nobody);  // permitted stays full
      },
      "");
  CHECK(ending.report ==
        "users: 65534 65534 65534\ngroups: 1 1 1\nother groups: \n"
        "capabilities: CapInh none CapPrm none CapEff none CapAmb none \ndumpable: 0\n");
}

TEST_CASE("an effective user without passwd entry is refused") {
  if (lacks_root()) return;
  const auto ending = become_after([] { set_users(0, unknown_user, unknown_user); }, "");
  CHECK(ending.report == refusal("no passwd entry for uid 1999999999"));
  CHECK(ending.status == 1);
}

TEST_CASE("run-as must name a user that exists and is not root") {
  if (lacks_root()) return;
  const auto nothing = [] {};
  CHECK(become_after(nothing, "root").report == refusal("run-as must not be root: root"));
  CHECK(become_after(nothing, "no-such-user").report == refusal("no such user: no-such-user"));
  CHECK(become_after(nothing, "").report == refusal("no such user: "));
}

TEST_CASE("each system call that fails on the way ends it") {
  if (lacks_root()) return;
  const auto refused = [](int call) {
    return become_after([call] { answer({{call, SCMP_ACT_ERRNO(EPERM)}}); }, "nobody").report;
  };
  CHECK(refused(SCMP_SYS(setgroups)) == refusal("setgroups: Operation not permitted"));
  CHECK(refused(SCMP_SYS(setresgid)) == refusal("setresgid: Operation not permitted"));
  CHECK(refused(SCMP_SYS(setresuid)) == refusal("seteuid: Operation not permitted"));
  CHECK(refused(SCMP_SYS(capset)) == refusal("capset: Operation not permitted"));
  CHECK(refused(SCMP_SYS(capget)) == refusal("capget: Operation not permitted"));
}

TEST_CASE("a system call that says done and did nothing is found out") {
  if (lacks_root()) return;
  const auto believed = [](int call) {
    return become_after([call] { answer({{call, done}}); }, "nobody").report;
  };
  CHECK(believed(SCMP_SYS(setresuid)) == refusal("uid is still 0"));
  CHECK(believed(SCMP_SYS(setresgid)) == refusal("gid is still 0"));
}

TEST_CASE("capabilities that stay are found out") {
  if (lacks_root()) return;
  const auto ending = become_after(
      [] {
        keep_capabilities();
        answer({{SCMP_SYS(capset), done}});
      },
      "nobody");
  CHECK(ending.report == refusal("capabilities are left"));
}

TEST_CASE("an identity that can be taken back is found out") {
  if (lacks_root()) return;
  const auto ending = become_after(
      [] {
        keep_capabilities();
        answer({{SCMP_SYS(capset), done}, {SCMP_SYS(capget), done}});
      },
      "nobody");
  CHECK(ending.report == refusal("could take back uid 0"));
}

TEST_CASE("securebits that keep capabilities do not help them to stay") {
  if (lacks_root()) return;
  CHECK(become_after(keep_capabilities, "nobody").report == nobody_alone);
}

}  // namespace sshsm::privilege
