#include "base/failure.h"

#include "base/exit_status.h"

#include <doctest/doctest.h>

#include <set>

using namespace sshsm::base;

namespace {

std::string with(std::string_view text, std::string_view word, std::string_view name) {
  std::string changed(text);
  const std::size_t place = changed.find(word);
  return place == std::string::npos ? changed : changed.replace(place, word.size(), name);
}

std::string with_name(std::string_view remedy, std::string_view destination) {
  return with(with(remedy, destination_word, destination), program_word, "sshsm");
}

}  // namespace

TEST_CASE("a failure is one line: code, destination, host, sentence, detail, remedy, peer text") {
  CHECK(describe(Failure(Cause::host_key_changed, "offered ED25519 SHA256:a, pinned RSA SHA256:b"),
                 "myfriend", "mx.friend.example") ==
        "4.7.0 sshsm: myfriend (mx.friend.example): host key changed: offered ED25519 SHA256:a, "
        "pinned RSA SHA256:b; if the change is genuine, pin the new key: sshsmctl trust --replace "
        "myfriend");
  CHECK(describe(Failure(Cause::text_before_greeting, {}, "Welcome\r\n"), "myfriend", {}) ==
        "4.5.0 sshsm: myfriend: text where the greeting was expected; the forced command or "
        "smtp-address must lead to a mail server, and no shell start-up file may print before it; "
        "then try: sshsmctl check myfriend: "
        "\"Welcome\\x0d\\x0a\"");
  CHECK(describe(Failure(Cause::bad_arguments, "no destination is named"), {}, {}) ==
        "4.3.5 sshsm: cannot use these arguments: no destination is named; see sshsm --help");
}

TEST_CASE("the command in a remedy names the destination, if that may be pasted into a shell") {
  const Failure unpinned(Cause::host_key_unpinned);
  CHECK(explain(unpinned, "My.friend_2-x", max_sentence) ==
        "no host key is pinned; pin the host's key, as its owner read it out: sshsmctl trust "
        "--add My.friend_2-x");
  const std::string longest(max_named_destination, 'n');
  CHECK(explain(unpinned, longest, max_sentence).ends_with("trust --add " + longest));
  for (const std::string& name : {std::string(), std::string("-r"), std::string("a;reboot"),
                                  std::string("$(id)"), std::string("a b"), longest + "n"})
    CHECK(explain(unpinned, name, max_sentence).ends_with(": sshsmctl trust --add DEST"));
  CHECK(explain(Failure(Cause::login_refused, "DEST", "DEST"), "myfriend", max_sentence) ==
        "the host refused our key: DEST; add our public key to authorized_keys there, or check "
        "user; then try: sshsmctl check myfriend: \"DEST\"");
}

TEST_CASE("a remedy names the destination and the program at most once") {
  for (const CauseRow& row : all_causes())
    CHECK(with_name(with_name(row.remedy, ""), "x") == with_name(row.remedy, ""));
}

TEST_CASE("another program of ours speaks in its own name, and names its own help") {
  CHECK(describe(Failure(Cause::bad_arguments, "no destination is named"), {}, {}, "sshsmd") ==
        "4.3.5 sshsmd: cannot use these arguments: no destination is named; see sshsmd --help");
  CHECK(
      describe(Failure(Cause::identity_refused, "no such user: bsmtp"), "friend", "mx", "sshsmd") ==
      "4.3.5 sshsmd: friend (mx): cannot become the mail user: no such user: bsmtp; set run-as "
      "in sshsm.conf, or have sshsmd started as the mail user");
  CHECK(remedy_for(row_of(Cause::bad_arguments), {}, "sshsmctl") == "see sshsmctl --help");
}

TEST_CASE("no failure is longer than 500 octets, and its remedy survives a long detail") {
  for (const CauseRow& row : all_causes()) {
    const std::string line = describe(
        Failure(row.cause, std::string(1000, 'd'), std::string(1000, 'p')), "myfriend", "host");
    CHECK(line.size() <= max_sentence);
    CHECK(line.find(with_name(row.remedy, "myfriend")) != std::string::npos);
    CHECK(line.ends_with("pp...\""));
  }
  CHECK(describe(Failure(Cause::key_missing, std::string(1000, 'd')), std::string(64, 'n'),
                 std::string(255, 'h'))
            .size() == max_sentence);
}

TEST_CASE("no cause of ours may bounce mail: every code is of class 4") {
  for (const CauseRow& row : all_causes()) {
    CHECK(row.code.size() == 5);
    CHECK(row.code.starts_with("4."));
  }
}

TEST_CASE("each cause has a sentence without full stop and a name of its own for the log") {
  std::set<std::string_view> names;
  for (const CauseRow& row : all_causes()) {
    CHECK(names.insert(row.name).second);
    CHECK(row.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string_view::npos);
    CHECK_FALSE(row.sentence.empty());
    CHECK_FALSE(row.sentence.ends_with('.'));
    CHECK(&row_of(row.cause) == &row);
  }
}

TEST_CASE("deferred beats refused beats accepted") {
  using enum ExitStatus;
  CHECK(worse(accepted, refused) == refused);
  CHECK(worse(deferred, refused) == deferred);
  CHECK(worse(accepted, deferred) == deferred);
  CHECK(static_cast<int>(accepted) == 0);
  CHECK(static_cast<int>(refused) == 69);
  CHECK(static_cast<int>(deferred) == 75);
}

TEST_CASE("what a process of ours described is read back, so that another tells the same") {
  for (const CauseRow& row : all_causes())
    for (const char* detail : {"", "192.0.2.1 port 22: Connection refused"})
      for (const char* peer_text : {"", "421 4.3.2 \"try\" later"})
        for (const char* host : {"", "mx.friend.example", "2001:db8::1"}) {
          const std::string line = describe(Failure(row.cause, detail, peer_text), "friend", host);
          const auto told = read_description(line);
          REQUIRE_MESSAGE(told, line);
          CHECK(told->failure.cause() == row.cause);
          CHECK(told->failure.detail() == detail);
          CHECK(told->destination == "friend");
          CHECK(told->host == host);
          CHECK(describe(told->failure, told->destination, told->host) == line);
        }
}

TEST_CASE("a line that was cut is read back as far as it goes") {
  const std::string line =
      describe(Failure(Cause::connection_failed, std::string(600, 'x'), "peer"), "friend", "mx");
  REQUIRE(line.size() == max_sentence);
  const auto told = read_description(line);
  REQUIRE(told);
  CHECK(told->failure.cause() == Cause::connection_failed);
  CHECK(describe(told->failure, "friend", "mx").size() <= max_sentence);
}

TEST_CASE("what is no line of ours is not taken for one") {
  for (const char* line : {"", "4.4.1", "4.4.1 sshsm: ", "4.4.1 sshsm: friend",
                           "4.4.1 sshsm: friend: ", "4.4.1 sshsm: friend: no such sentence",
                           "4.4.2 sshsm: friend: cannot connect", "sshsm: friend: cannot connect",
                           "4.4.1 mx.example: cannot connect"})
    CHECK_FALSE_MESSAGE(read_description(line), line);
}
