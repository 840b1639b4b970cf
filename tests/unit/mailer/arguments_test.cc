#include "mailer/arguments.h"

#include "base/failure.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sshsm::mailer;
using sshsm::base::Cause;
using sshsm::base::Failure;

namespace {

struct Words {
  explicit Words(std::vector<std::string> list) : texts(std::move(list)) {
    for (std::string& text : texts) pointers.push_back(text.data());
  }
  std::vector<std::string> texts;
  std::vector<char*> pointers;
};

Arguments parse(std::vector<std::string> list) {
  return parse_arguments(Words(list).pointers);
}

bool expects_greeting(std::vector<std::string> list) {
  return is_greeting_expected(Words(list).pointers);
}

std::string complaint(std::vector<std::string> list) {
  try {
    const Arguments arguments = parse(std::move(list));
    return "accepted " + arguments.destination;
  } catch (const Failure& failure) {
    CHECK(failure.cause() == Cause::bad_arguments);
    return failure.detail();
  }
}

}  // namespace

TEST_CASE("a batch is asked for as of sendmail and Exim") {
  const Arguments arguments = parse({"-v", "--config-dir", "/etc/other", "-bS", "--", "myfriend"});
  CHECK(arguments.mode == Mode::batch);
  CHECK(arguments.is_verbose);
  CHECK(arguments.config_dir == "/etc/other");
  CHECK(arguments.destination == "myfriend");
  CHECK(parse({"--config-dir=/etc/other", "-bS", "myfriend"}).config_dir == "/etc/other");
}

TEST_CASE("the other modes have their names") {
  CHECK(parse({"-bs", "myfriend"}).mode == Mode::interactive);
  CHECK(parse({"--lmtp", "myfriend"}).mode == Mode::lmtp);
  CHECK(parse({"myfriend"}).mode == Mode::automatic);
  CHECK(parse({"-bS", "--rest", "file", "myfriend"}).rest_file == "file");
}

TEST_CASE(
    "help and version count only when they stand alone, since DEST may come from a stranger") {
  CHECK(parse({"--help"}).is_help);
  CHECK(parse({"--version"}).is_version);
  CHECK(complaint({"--help", "myfriend"}) == "--help and --version stand alone");
  CHECK(complaint({"-bS", "--version", "myfriend"}) == "--help and --version stand alone");
  CHECK(parse({"-bS", "--", "--help"}).destination == "--help");
}

TEST_CASE("what is not understood is named") {
  CHECK(complaint({}) == "no destination is named");
  CHECK(complaint({"-bS"}) == "no destination is named");
  CHECK(complaint({"-bX", "myfriend"}) == "unknown mode -bX");
  CHECK(complaint({"--lmtp", "-bS", "myfriend"}) == "--lmtp beside -bS");
  CHECK(complaint({"--config-dir=", "-bS", "myfriend"}) ==
        "the argument for option '--config-dir' should follow immediately after the equal sign");
  CHECK(complaint({"-bS", "--nonsense", "myfriend"}) == "unrecognised option '--nonsense'");
  CHECK(complaint({"-bS", "-bS", "myfriend"}) == "option '-b' cannot be specified more than once");
  CHECK(complaint({"-v", "-v", "myfriend"}) == "option '-v' cannot be specified more than once");
  CHECK(complaint({"-b"}) == "the required argument for option '-b' is missing");
  CHECK(complaint({"-v5", "myfriend"}) == "option '-v' does not take any arguments");
  CHECK(complaint({"--lmtp", "--lmtp", "myfriend"}) ==
        "option '--lmtp' cannot be specified more than once");
  CHECK(complaint({"--v", "myfriend"}) == "unrecognised option '--v'");
  CHECK(complaint({"-bS", "one", "two"}) ==
        "too many positional options have been specified on the command line");
}

TEST_CASE("an empty file name is a script's unset variable and no file") {
  CHECK(complaint({"-bS", "--rest", "", "myfriend"}) == "--rest is empty");
  CHECK(complaint({"-bS", "--config-dir", "", "myfriend"}) == "--config-dir is empty");
}

TEST_CASE("a rest file is a batch's, with or without -bS") {
  CHECK(parse({"--rest", "file", "myfriend"}).mode == Mode::batch);
  CHECK(parse({"--rest=file", "-bS", "myfriend"}).mode == Mode::batch);
  CHECK(parse({"--rest=file", "-bS", "myfriend"}).rest_file == "file");
  CHECK(complaint({"--rest", "file", "-bs", "myfriend"}) == "--rest is for -bS alone");
  CHECK(complaint({"--lmtp", "--rest", "file", "myfriend"}) == "--rest is for -bS alone");
  CHECK_FALSE(expects_greeting({"--rest", "file", "myfriend"}));
  CHECK_FALSE(expects_greeting({"--rest=file", "--nonsense"}));
  CHECK(expects_greeting({"--rest", "file", "-bs", "myfriend"}));
  CHECK(expects_greeting({"--lmtp", "--rest", "file", "myfriend"}));
  CHECK(expects_greeting({"--restless", "myfriend"}));
}

TEST_CASE("no name is guessed from its beginning") {
  CHECK(complaint({"--conf", "/tmp", "-bS", "myfriend"}) == "unrecognised option '--conf'");
  CHECK(complaint({"--config", "/tmp", "-bS", "myfriend"}) == "unrecognised option '--config'");
  CHECK(complaint({"--verb", "-bS", "myfriend"}) == "unrecognised option '--verb'");
}

TEST_CASE("words in the wrong place are refused and not taken for something else") {
  CHECK(complaint({"-b", "S", "myfriend"}) == "-b and its letter are one word");
  CHECK(complaint({"--smtp-mode=S", "myfriend"}) == "unrecognised option '--smtp-mode=S'");
  CHECK(complaint({"-vbS", "myfriend"}) == "option '-v' does not take any arguments");
  CHECK(complaint({"-bS", "myfriend", "-oProxyCommand=touch"}) ==
        "unrecognised option '-oProxyCommand=touch'");
}

TEST_CASE("whoever asked for a conversation is told of failures in a greeting") {
  CHECK(expects_greeting({}));
  CHECK(expects_greeting({"myfriend"}));
  CHECK(expects_greeting({"-bs", "myfriend"}));
  CHECK(expects_greeting({"--lmtp", "--nonsense"}));
  CHECK(expects_greeting({"-bS", "-bs", "myfriend"}));
  CHECK_FALSE(expects_greeting({"-bS", "myfriend"}));
  CHECK_FALSE(expects_greeting({"-bS", "--nonsense"}));
}

TEST_CASE("the help names every status") {
  const std::string text = help_text();
  for (const char* part :
       {"-bS", "--config-dir DIR", "   0  the remote", "  69  batch only", "  75  everything else"})
    CHECK_MESSAGE(text.find(part) != std::string::npos, part);
}
