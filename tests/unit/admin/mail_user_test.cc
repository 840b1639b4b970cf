#include "admin/mail_user.h"

#include "admin/refusal.h"
#include "base/failure.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

using namespace sshsm::admin;
using sshsm::base::Cause;
using sshsm::base::Failure;
namespace privilege = sshsm::privilege;

namespace {

/// Root's child becomes nobody, everybody else's stays who he is.
Place place() {
  const privilege::Caller caller = privilege::current_caller();
  const std::optional<privilege::Account> nobody = privilege::find_account("nobody");
  REQUIRE(nobody);
  return {caller, caller.is_root() ? *nobody : privilege::Account{"me", getuid(), getgid()}, "/"};
}

std::vector<std::string> heard(const Work& work) {
  std::vector<std::string> records;
  as_mail_user(place(), work, [&](std::string_view record) { records.emplace_back(record); });
  return records;
}

std::string failure_of(const Work& work) {
  try {
    heard(work);
    return "none";
  } catch (const Failure& failure) {
    return explain(failure, {}, 500);
  } catch (const Refusal& refusal) {
    return refusal.sentence();
  }
}

}  // namespace

TEST_CASE("what the child tells reaches its parent, record by record, empty ones and NULs too") {
  const auto records = heard([](const Hear& tell) {
    tell("one");
    tell("");
    tell(std::string_view("a\0b\n", 4));
  });
  CHECK(records == std::vector<std::string>{"one", "", std::string("a\0b\n", 4)});
}

TEST_CASE("the child is the mail user and its parent stays who it was") {
  const uid_t before = geteuid();
  const auto records = heard([](const Hear& tell) { tell(std::to_string(geteuid())); });
  CHECK(records == std::vector<std::string>{std::to_string(place().mail_user.user)});
  CHECK(geteuid() == before);
}

TEST_CASE("the child cannot reach our standard output") {
  const auto records = heard([](const Hear& tell) {
    struct {
      char device[64];
    } link{};
    const ssize_t size = readlink("/proc/self/fd/1", link.device, sizeof link.device);
    tell(size < 0 ? "none" : std::string(link.device, static_cast<std::size_t>(size)));
  });
  CHECK(records.front() != "none");
  CHECK(records == std::vector<std::string>{"/dev/null"});
}

TEST_CASE("what ends the child is thrown again in its parent, made printable") {
  CHECK(
      failure_of([](const Hear&) {
        throw Failure(Cause::no_banner, "127.0.0.1 \x1b[2J", "peer\x07 text");
      }) ==
      "connected, but no SSH server answered: 127.0.0.1 \\x1b[2J; check port, and MaxStartups and "
      "PerSourcePenalties of the sshd there; then try: sshsmctl check DEST: \"peer\\x07 text\"");
  CHECK(failure_of([](const Hear&) { throw Refusal("three wrong\n"); }) == "three wrong\\x0a");
}

TEST_CASE("a child that ends without a word is an error") {
  CHECK(failure_of([](const Hear&) { _exit(0); }) ==
        "an error in sshsm itself: the mail user's process ended; please report it; the mail waits "
        "in the queue");
}

TEST_CASE("a child may tell so much and no more") {
  CHECK(heard([](const Hear& tell) { tell(std::string(max_record, 'x')); }).front().size() ==
        max_record);
  CHECK(failure_of([](const Hear& tell) { tell(std::string(max_record + 1, 'x')); }) ==
        "an error in sshsm itself: a record is too long; please report it; the mail waits in the "
        "queue");
  const auto tell_many = [](std::size_t count) {
    return [count](const Hear& tell) {
      for (std::size_t i = 0; i < count; ++i) tell("x");
    };
  };
  CHECK(heard(tell_many(max_records)).size() == max_records);
  CHECK(
      failure_of(tell_many(max_records + 1)) ==
      "an error in sshsm itself: too many records; please report it; the mail waits in the queue");
}
