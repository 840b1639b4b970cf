#include "keeper/arguments.h"

#include "base/failure.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace sshsm::keeper {
namespace {

Arguments parse(std::initializer_list<const char*> words) {
  std::vector<std::string> texts(words.begin(), words.end());
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  return parse_arguments(pointers);
}

std::string refusal(std::initializer_list<const char*> words,
                    base::Cause cause = base::Cause::bad_arguments) {
  try {
    (void)parse(words);
  } catch (const base::Failure& failure) {
    CHECK(failure.cause() == cause);
    return failure.detail();
  }
  return "none";
}

}  // namespace

TEST_CASE("a destination is enough, and options stand before or behind it") {
  const Arguments plain = parse({"friend"});
  CHECK(plain.destination == "friend");
  CHECK(plain.config_dir.empty());
  CHECK_FALSE(plain.is_verbose);
  const Arguments full = parse({"-v", "friend", "--config-dir", "/home/alice/sshsm"});
  CHECK(full.is_verbose);
  CHECK(full.config_dir == "/home/alice/sshsm");
  CHECK(full.destination == "friend");
  CHECK(parse({"--config-dir=here", "--", "friend"}).config_dir == "here");
}

TEST_CASE("--help and --version stand alone") {
  CHECK(parse({"--help"}).is_help);
  CHECK(parse({"--version"}).is_version);
  CHECK(refusal({"--help", "friend"}) == "--help and --version stand alone");
  CHECK(refusal({"friend", "--version"}) == "--help and --version stand alone");
}

TEST_CASE("nothing is guessed, and nothing is ignored") {
  CHECK(refusal({}) == "no destination is named");
  CHECK(refusal({"-v"}) == "no destination is named");
  CHECK(refusal({"friend", "other"}) == "too many arguments: \"other\"");
  CHECK(refusal({"--conf", "x", "friend"}) == "unknown option \"--conf\"");
  CHECK(refusal({"-vv", "friend"}) == "unknown option \"-vv\"");
  CHECK(refusal({"--verbose", "friend"}) == "unknown option \"--verbose\"");
  CHECK(refusal({"-bs", "friend"}) == "unknown option \"-bs\"");
  CHECK(refusal({"--config-dir"}) == "--config-dir needs a directory");
  CHECK(refusal({"--config-dir", "", "friend"}) == "--config-dir is empty");
  CHECK(refusal({"--config-dir=", "friend"}) == "--config-dir is empty");
  CHECK(refusal({"--config-dir=a", "--config-dir=b", "friend"}) == "--config-dir is given twice");
  CHECK(refusal({"--", "--help"}, base::Cause::bad_destination) == "\"--help\"");
  CHECK(refusal({"../etc"}, base::Cause::bad_destination) == "\"../etc\"");
  CHECK(refusal({"-"}, base::Cause::bad_destination) == "\"-\"");
  CHECK(refusal({""}, base::Cause::bad_destination) == "\"\"");
}

TEST_CASE("the help names every option and every exit status") {
  const std::string text = help_text();
  for (const OptionRow& option : all_options())
    CHECK(text.find("  " + std::string(option.spelling)) != std::string::npos);
  for (const ExitStatusRow& row : all_exit_statuses())
    CHECK(text.find(row.meaning) != std::string::npos);
  CHECK(version_text().starts_with("sshsmd "));
}

}  // namespace sshsm::keeper
