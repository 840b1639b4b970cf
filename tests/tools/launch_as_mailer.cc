/// Starts a program the way sendmail starts a mailer with the flag S: real uid 0, effective and
/// saved uid the mailer's, the three group ids the mailer's, the daemon's supplementary groups, and
/// so, after execve(2), full permitted and empty effective capabilities; HUP, INT and PIPE ignored;
/// AGENT=sendmail alone in the environment; umask 022; a session of its own; descriptors 1 and 2
/// the same.
///
///     launch_as_mailer UID GID GROUP[,GROUP...] PROGRAM [ARGUMENT...]
#include <grp.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

[[noreturn]] void stop(const char* what) {
  std::perror(what);
  std::exit(99);
}

id_t number_of(std::string_view text) {
  id_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    std::fprintf(stderr, "launch_as_mailer: not a number: %s\n", std::string(text).c_str());
    std::exit(99);
  }
  return number;
}

std::vector<gid_t> numbers_of(std::string_view text) {
  std::vector<gid_t> numbers;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    numbers.push_back(number_of(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return numbers;
}

void take_identity(uid_t user, gid_t group, const std::vector<gid_t>& groups) {
  if (setgroups(groups.size(), groups.data()) != 0) stop("setgroups");
  if (setresgid(group, group, group) != 0) stop("setresgid");
  if (setresuid(0, user, user) != 0) stop("setresuid");
}

}  // namespace

int main(int count, char** arguments) {
  const std::span given(arguments, static_cast<std::size_t>(count));
  if (given.size() < 5) {
    std::fputs("usage: launch_as_mailer UID GID GROUP[,GROUP...] PROGRAM [ARGUMENT...]\n", stderr);
    return 99;
  }
  setsid();
  umask(S_IWGRP | S_IWOTH);
  for (const int number : {SIGHUP, SIGINT, SIGPIPE}) signal(number, SIG_IGN);
  take_identity(number_of(given[1]), number_of(given[2]), numbers_of(given[3]));
  if (dup2(STDOUT_FILENO, STDERR_FILENO) < 0) stop("dup2");

  std::array agent{'A', 'G', 'E', 'N', 'T', '=', 's', 'e', 'n', 'd', 'm', 'a', 'i', 'l', '\0'};
  std::array<char*, 2> environment{agent.data(), nullptr};
  execve(given[4], given.data() + 4, environment.data());
  stop(given[4]);
}
