#include "admin/arguments.h"

#include "admin/refusal.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sshsm::admin;

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

std::string complaint(std::vector<std::string> list) {
  try {
    const Arguments arguments = parse(std::move(list));
    return "accepted " + arguments.destination;
  } catch (const Refusal& refusal) {
    return refusal.sentence();
  }
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("enrolment is told who the friend is") {
  const Arguments arguments =
      parse({"enrol", "myfriend", "--host", "mx.friend.example", "--user", "mailrx", "--port=2222",
             "--fingerprint", "SHA256:abc", "--for", "exim", "--config-dir", "/etc/other", "--as",
             "bsmtp", "--smtp-address", "127.0.0.1:25", "--replace"});
  CHECK(arguments.verb == Verb::enrol);
  CHECK(arguments.destination == "myfriend");
  CHECK(arguments.hosts == Texts{"mx.friend.example"});
  CHECK(arguments.user == "mailrx");
  CHECK(arguments.port == "2222");
  CHECK(arguments.fingerprints == Texts{"SHA256:abc"});
  CHECK(arguments.mail_server == MailServer::exim);
  CHECK(arguments.config_dir == "/etc/other");
  CHECK(arguments.run_as == "bsmtp");
  CHECK(arguments.smtp_address == "127.0.0.1:25");
  CHECK(arguments.does_replace);
  CHECK(parse({"enrol", "f", "--host-key-file", "known"}).host_key_file == "known");
}

TEST_CASE("several hosts are several options or several words, in their order") {
  CHECK(parse({"enrol", "f", "--host", "a", "--host", "b c"}).hosts == Texts{"a", "b", "c"});
}

TEST_CASE("options may stand before the verb and behind two hyphens nothing is one") {
  const Arguments arguments = parse({"--config-dir", "d", "check", "--json", "--", "myfriend"});
  CHECK(arguments.verb == Verb::check);
  CHECK(arguments.is_json);
  CHECK(arguments.destination == "myfriend");
  CHECK(parse({"config", "--", "--add"}).destination == "--add");
}

TEST_CASE("the other verbs have their own options") {
  const Arguments check = parse({"check", "f", "--to", "bob@friend.example", "--as", "bsmtp"});
  CHECK(check.to == "bob@friend.example");
  CHECK(check.run_as == "bsmtp");
  const Arguments trust = parse({"trust", "f", "--add", "--revoke", "SHA256:x"});
  CHECK(trust.does_add);
  CHECK(trust.revoked == Texts{"SHA256:x"});
  CHECK(parse({"list"}).verb == Verb::list);
  CHECK(parse({"config", "f"}).verb == Verb::config);
}

TEST_CASE("help and version need no destination") {
  CHECK(parse({"--help"}).is_help);
  CHECK_FALSE(parse({"--help"}).has_verb);
  CHECK(parse({"trust", "--help"}).verb == Verb::trust);
  CHECK(parse({"trust", "--help"}).has_verb);
  CHECK(parse({"--version"}).is_version);
  CHECK(version_text().starts_with("sshsmctl "));
}

TEST_CASE("words that cannot be understood are refused in one sentence") {
  CHECK(complaint({}) == "no verb is named");
  CHECK(complaint({"enroll", "f"}) == "there is no verb \"enroll\"");
  CHECK(complaint({"\x1b[2J"}) == "there is no verb \"\\x1b[2J\"");
  CHECK(complaint({"check"}) == "check needs the name of a destination");
  CHECK(complaint({"list", "f"}) == "too many arguments: \"f\"");
  CHECK(complaint({"check", "f", "g"}) == "too many arguments: \"g\"");
  CHECK(complaint({"check", "f", "--host", "h"}) == "--host is not for check");
  CHECK(complaint({"enrol", "f", "--add"}) == "--add is not for enrol");
  CHECK(complaint({"enrol", "f", "--user", ""}) == "--user is empty");
  CHECK(complaint({"enrol", "f", "--host", " "}) == "--host is empty");
  CHECK(complaint({"enrol", "f", "--for", "qmail"}) ==
        "--for \"qmail\" is not sendmail, exim or postfix");
  CHECK(complaint({"enrol", "f", "--version"}) == "--version stands alone");
  CHECK(complaint({"enrol", "f", "--frob"}) == "unrecognised option '--frob'");
  CHECK(complaint({"enrol", "f", "--conf", "d"}) == "unrecognised option '--conf'");
  CHECK(complaint({"enrol", "f", "--user"}) ==
        "the required argument for option '--user' is missing");
  CHECK(complaint({"enrol", "f", "--user", "a", "--user", "b"}) ==
        "option '--user' cannot be specified more than once");
}

TEST_CASE("the help names every verb, and each verb its own options") {
  for (const VerbRow& verb : all_verbs()) {
    CHECK(help_text().find(std::string(verb.word)) != std::string::npos);
    const std::string help = help_text(verb.verb);
    for (const OptionRow& option : all_options()) {
      CAPTURE(option.name);
      const bool is_named = help.find("  --" + std::string(option.name) + " ") != std::string::npos;
      CHECK(is_named == (is_for(option, verb.verb) && option.name != "version"));
    }
  }
}

TEST_CASE("the verbs stand in the order of their enumeration") {
  for (const VerbRow& verb : all_verbs()) CHECK(row_of(verb.verb).word == verb.word);
}
