#include "keeper/meeting.h"

#include "base/failure.h"
#include "base/unix_socket.h"
#include "directory.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <algorithm>

namespace sshsm::keeper {
namespace {

using mailer::meeting_place;
using mailer::MeetingPlace;
using mailer::visit_keeper;

std::vector<Kind> kinds_of(const Meeting& meeting) {
  std::vector<Kind> kinds;
  for (const Listener& listener : meeting.listeners) kinds.push_back(listener.kind);
  return kinds;
}

using Kinds = std::vector<Kind>;
using Remarks = std::vector<std::string>;

}  // namespace

TEST_CASE("the meeting place is in /run/sshsm, or in the directory of --config-dir") {
  const MeetingPlace usual = meeting_place("friend", "");
  CHECK(usual.directory == "/run/sshsm");
  CHECK(usual.socket == "/run/sshsm/friend.sock");
  CHECK(usual.status == "/run/sshsm/friend.status");
  CHECK(usual.lock == "/run/sshsm/friend.lock");
  CHECK(meeting_place("friend", "/home/alice/sshsm").socket == "/home/alice/sshsm/friend.sock");
}

TEST_CASE("a keeper holds the lock, and listens on the meeting and the status socket") {
  const Directory directory;
  const MeetingPlace place = meeting_place("friend", directory.path);
  const Meeting meeting = take_place(place, false);
  CHECK(kinds_of(meeting) == Kinds{Kind::meeting, Kind::status});
  CHECK(meeting.remarks.empty());
  CHECK(directory.mode_of("friend.sock") == (S_IFSOCK | 0660));
  CHECK(directory.mode_of("friend.status") == (S_IFSOCK | 0660));
  CHECK(visit_keeper(place.socket, geteuid()).socket);
}

TEST_CASE("a second keeper of the destination is refused, and one of another is not") {
  const Directory directory;
  const MeetingPlace place = meeting_place("friend", directory.path);
  const Meeting meeting = take_place(place, false);
  try {
    (void)take_place(place, false);
    FAIL("two keepers");
  } catch (const base::Failure& failure) {
    CHECK(failure.cause() == base::Cause::keeper_runs);
    CHECK(failure.detail() == "it holds " + directory.of("friend.lock"));
  }
  CHECK(visit_keeper(place.socket, geteuid()).socket);
  MeetingPlace other = place;
  other.lock = directory.of("s");
  other.socket = directory.of("t");
  other.status = directory.of("nowhere/s");
  CHECK(kinds_of(take_place(other, false)) == Kinds{Kind::meeting});
}

TEST_CASE("what a keeper that was killed left behind is no hindrance") {
  const Directory directory;
  const MeetingPlace place = meeting_place("friend", directory.path);
  { const Meeting killed = take_place(place, false); }
  CHECK_FALSE(visit_keeper(place.socket, geteuid()).socket);
  const Meeting meeting = take_place(place, false);
  CHECK(kinds_of(meeting) == Kinds{Kind::meeting, Kind::status});
  CHECK(visit_keeper(place.socket, geteuid()).socket);
}

TEST_CASE("where the supervisor listens on the meeting socket, only the status socket is made") {
  const Directory directory;
  const Meeting meeting = take_place(meeting_place("friend", directory.path), true);
  CHECK(kinds_of(meeting) == Kinds{Kind::status});
  CHECK(directory.mode_of("friend.sock") == 0);
}

TEST_CASE("a place that is too long is done without, and the log says so") {
  const Directory directory;
  const std::string name(107 - directory.path.size() - 1 - std::string(".sock").size() + 1, 'x');
  const MeetingPlace place = meeting_place(name, directory.path);
  const Meeting meeting = take_place(place, false);
  CHECK(meeting.listeners.empty());
  CHECK(meeting.lock);
  CHECK(
      meeting.remarks ==
      Remarks{"no meeting socket: meeting:" + place.socket + ": the path has more than 107 octets",
              "no status socket: status:" + place.status + ": the path has more than 107 octets"});
  unlink(place.lock.c_str());
}

TEST_CASE("a place that is not there, or everybody may write to, is done without") {
  const Directory directory;
  CHECK(take_place(meeting_place("friend", directory.of("s")), false).remarks ==
        Remarks{"no meeting socket: " + directory.of("s") + ": No such file or directory"});
  REQUIRE(chmod(directory.path.c_str(), 0777) == 0);
  const Meeting meeting = take_place(meeting_place("friend", directory.path), false);
  CHECK(meeting.remarks ==
        Remarks{"no meeting socket: " + directory.path + ": everybody may write there"});
  CHECK_FALSE(meeting.lock);
  CHECK(directory.mode_of("friend.lock") == 0);
}

TEST_CASE("a place of somebody else is done without" * doctest::skip(geteuid() != 0)) {
  const Directory directory;
  REQUIRE(lchown(directory.path.c_str(), 12345, 0) == 0);
  CHECK(take_place(meeting_place("friend", directory.path), false).remarks ==
        Remarks{"no meeting socket: " + directory.path + ": owned by uid 12345"});
}

TEST_CASE("the lock file is never opened through a link") {
  const Directory directory;
  REQUIRE(symlink("/etc/passwd", directory.of("friend.lock").c_str()) == 0);
  CHECK(take_place(meeting_place("friend", directory.path), false).remarks ==
        Remarks{"no meeting socket: " + directory.of("friend.lock") +
                ": Too many levels of symbolic links"});
}

TEST_CASE("root makes the directory and gives it away" * doctest::skip(geteuid() != 0)) {
  const Directory directory;
  const MeetingPlace place = meeting_place("friend", directory.of("s"));
  provide_directory(place, 12345, 54321);
  struct stat status {};
  REQUIRE(stat(place.directory.c_str(), &status) == 0);
  CHECK(status.st_mode == (S_IFDIR | 0755));
  CHECK(status.st_uid == 12345);
  CHECK(status.st_gid == 54321);
  provide_directory(place, 1, 1);
  REQUIRE(stat(place.directory.c_str(), &status) == 0);
  CHECK(status.st_uid == 12345);
  rmdir(place.directory.c_str());
}

TEST_CASE("somebody else's socket counts as absent, and is told of" *
          doctest::skip(geteuid() != 0)) {
  const Directory directory;
  const uid_t stranger = 12345;
  REQUIRE(chmod(directory.path.c_str(), 0777) == 0);
  REQUIRE(seteuid(stranger) == 0);
  const Listener listener =
      listen_at({Kind::meeting, directory.of("s"), {}, 0}, Remains::kept, getegid());
  REQUIRE(seteuid(0) == 0);
  const auto visit = visit_keeper(directory.of("s"), 54321);
  CHECK_FALSE(visit.socket);
  CHECK(visit.remark == directory.of("s") +
                            ": uid 12345 listens there, who is neither root nor the mail user; not "
                            "used");
  CHECK(visit_keeper(directory.of("s"), stranger).socket);
}

}  // namespace sshsm::keeper
