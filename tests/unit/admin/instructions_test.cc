#include "admin/instructions.h"

#include "../trust/sample_keys.h"
#include "base/text.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>

using namespace sshsm::admin;
namespace trust = sshsm::trust;

namespace {

std::string contrib(const std::string& name) {
  std::ifstream file(SSHSM_CONTRIB "/" + name);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  REQUIRE_FALSE(text.empty());
  return text;
}

trust::HostKey ours() {
  const auto key = trust::read_pin(trust::ed25519_key.type, trust::ed25519_key.base64);
  REQUIRE(key);
  return *key;
}

/// `line` without the key, as the recipes write it.
std::string without_key(const std::string& line) {
  return line.substr(0, line.find(trust::ed25519_key.base64));
}

/// The lines that are to be copied: those that stand alone between empty ones.
std::vector<std::string> lines_to_copy(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  bool is_copied = false;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
    const std::string line = text.substr(start, end - start);
    if (line.empty()) is_copied = !is_copied;
    if (!line.empty() && is_copied) lines.push_back(line);
    start = end + 1;
  }
  return lines;
}

std::string lines_for(MailServer mail_server, const std::string& directory = {}) {
  return instructions_for_mail_server(mail_server, "myfriend", "bsmtp", directory);
}

void check_in(const std::string& recipe, MailServer mail_server, std::size_t count) {
  const std::vector<std::string> lines = lines_to_copy(lines_for(mail_server));
  CHECK(lines.size() == count);
  for (const std::string& line : lines)
    CHECK_MESSAGE(recipe.find(line + "\n") != std::string::npos, line);
}

}  // namespace

TEST_CASE("the key line is the one of the recipes") {
  CHECK(key_line(ours(), "sshsm@here", "") ==
        "restrict,command=\"/usr/sbin/sendmail -bs\" " + trust::ed25519_key.text() + " sshsm@here");
  CHECK(key_line(ours(), "sshsm@here", "127.0.0.1:2526") ==
        "restrict,port-forwarding,permitopen=\"127.0.0.1:2526\",permitlisten=\"localhost:1\","
        "command=\"/bin/false\" " +
            trust::ed25519_key.text() + " sshsm@here");
  const std::string readme = contrib("README.md");
  CHECK(readme.find(without_key(key_line(ours(), "", ""))) != std::string::npos);
  CHECK(readme.find(without_key(key_line(ours(), "", "127.0.0.1:2526"))) != std::string::npos);
}

TEST_CASE("what is pasted into a shell is one word there") {
  CHECK(shell_word("/etc/sshsm") == "/etc/sshsm");
  CHECK(shell_word("/srv/my mail") == "'/srv/my mail'");
  CHECK(shell_word("/srv/$(reboot)`x`") == "'/srv/$(reboot)`x`'");
  CHECK(shell_word("/srv/bob's") == "'/srv/bob'\\''s'");
  CHECK(shell_word("") == "''");
  CHECK(lines_for(MailServer::sendmail, "/srv/my mail")
            .ends_with("\nThe recipe must call sshsm with --config-dir '/srv/my mail'\n"));
}

TEST_CASE("the friend is told of the account, and the line stands alone") {
  Arguments arguments;
  arguments.user = "mailrx";
  CHECK(instructions_for_friend(arguments, "LINE") ==
        "The friend makes an account mailrx with the shell /bin/sh and the password * (not !, "
        "which is a locked\naccount to some sshds),\n\n"
        "useradd --create-home --shell /bin/sh --password '*' mailrx\n\n"
        "and puts this line into ~mailrx/.ssh/authorized_keys, a file of its own and not of "
        "root:\n\nLINE\n");
}

TEST_CASE("the lines for the mail server here are those of its recipe") {
  CHECK(lines_for(MailServer::none).empty());
  check_in(contrib("sendmail/README.md"), MailServer::sendmail, 3);
  check_in(contrib("exim/README.md"), MailServer::exim, 1);
  check_in(contrib("postfix/sending/master.cf") + contrib("postfix/sending/main.cf") +
               contrib("postfix/sending/sshsm_transport"),
           MailServer::postfix, 4);
}

TEST_CASE("another directory is in the lines, or told of") {
  for (const MailServer one : {MailServer::sendmail, MailServer::exim, MailServer::postfix}) {
    CHECK(lines_for(one, "/srv/x").find("--config-dir /srv/x") != std::string::npos);
    CHECK(lines_for(one).find("--config-dir") == std::string::npos);
  }
}
