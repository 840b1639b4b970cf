#include "keeper/premises.h"

#include "base/failure.h"
#include "directory.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <functional>

namespace sshsm::keeper {
namespace {

constexpr const char* settings = "user = bob\nhost = mx.friend.example\n";

/// A directory of root's (or our own) with a configuration, and beside it one of the mail user's.
struct Home : Directory {
  explicit Home(const std::string& more = {}) {
    REQUIRE(chmod(path.c_str(), 0755) == 0);
    std::ofstream(of("sshsm.conf")) << "run-as = nobody\n";
    std::ofstream(of("friend.conf")) << settings << more;
    REQUIRE(chmod(of("sshsm.conf").c_str(), 0644) == 0);
    REQUIRE(chmod(of("friend.conf").c_str(), 0644) == 0);
  }
  ~Home() {
    unlink(of("sshsm.conf").c_str());
    unlink(of("friend.conf").c_str());
  }
  void give_to_mail_user(const std::string& name) const {
    if (geteuid() == 0) REQUIRE(lchown(of(name).c_str(), 65534, 65534) == 0);
  }
};

std::string name_at(const Home& home, const Listener& listener) {
  if (!listener.path.starts_with(home.path)) return listener.path;
  return listener.path.substr(home.path.size());
}

/// What moving in leads to, one line each. In a child, since it changes who we are.
std::string account_of_move(const Home& home) {
  std::FILE* const report = std::tmpfile();
  const pid_t process = fork();
  if (process == 0) {
    Arguments arguments;
    arguments.config_dir = home.path;
    arguments.destination = "friend";
    try {
      const Premises premises = take_premises(arguments, privilege::current_caller(), {});
      for (const Listener& listener : premises.listeners) {
        struct stat status {};
        stat(listener.path.c_str(), &status);
        std::fprintf(report, "%s %s:%u:%u:%o\n", std::string(name_of(listener.kind)).c_str(),
                     name_at(home, listener).c_str(), status.st_uid, status.st_gid,
                     status.st_mode & 0777);
      }
      for (const std::string& remark : premises.remarks)
        std::fprintf(report, "%s\n", remark.c_str());
      std::fprintf(report, "user %u, lock %s, host %s\n", geteuid(),
                   premises.lock ? "held" : "none", premises.settings.hosts.front().c_str());
    } catch (const base::Failure& failure) {
      std::fprintf(report, "%s: %s\n", std::string(base::row_of(failure.cause()).name).c_str(),
                   failure.detail().c_str());
    }
    std::fflush(report);
    _exit(0);
  }
  waitpid(process, nullptr, 0);
  std::rewind(report);
  std::string text;
  for (int c = std::fgetc(report); c != EOF; c = std::fgetc(report)) text += static_cast<char>(c);
  std::fclose(report);
  return text;
}

const auto needs_root = doctest::skip(geteuid() != 0);

}  // namespace

TEST_CASE("root binds what root's configuration names, and the meeting place is the mail user's" *
          needs_root) {
  const Home home("listen = lmtp:/run/keeper_test_socket\n");
  home.give_to_mail_user(".");
  const std::string text = account_of_move(home);
  unlink("/run/keeper_test_socket");
  CHECK(text.find("meeting /friend.sock:65534:65534:660\nstatus /friend.status:65534:65534:660\n"
                  "lmtp /run/keeper_test_socket:0:65534:660\n"
                  "user 65534, lock held, host mx.friend.example\n") == 0);
}

TEST_CASE("what the mail user wrote is bound with his rights" * needs_root) {
  const Home home("listen = /keeper_test_socket\n");
  home.give_to_mail_user(".");
  home.give_to_mail_user("friend.conf");
  CHECK(account_of_move(home) == "listen-refused: smtp:/keeper_test_socket: Permission denied\n");
}

TEST_CASE("in a directory of root's there is no meeting socket, and the keeper does without" *
          needs_root) {
  const Home home("listen = 127.0.0.1:24999\n");
  CHECK(account_of_move(home) == "smtp :0:0:0\nno meeting socket: " + home.of("friend.lock") +
                                     ": Permission denied\nuser 65534, lock none, host "
                                     "mx.friend.example\n");
}

TEST_CASE("a keeper that nobody could reach does not start" * needs_root) {
  const Home home;
  CHECK(account_of_move(home) ==
        "listen-refused: listen is not set, and there is no meeting socket: " +
            home.of("friend.lock") + ": Permission denied\n");
}

TEST_CASE("who is not root listens as himself" * doctest::skip(geteuid() == 0)) {
  const Home home;
  CHECK(account_of_move(home).find("lock held, host mx.friend.example\n") != std::string::npos);
}

}  // namespace sshsm::keeper
