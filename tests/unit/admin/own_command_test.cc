#include "admin/own_command.h"

#include <doctest/doctest.h>

#include <string>

using sshsm::admin::has_greeting;
using sshsm::admin::OwnCommand;

TEST_CASE("each check has a command of its own") {
  CHECK(OwnCommand().text() != OwnCommand().text());
  CHECK(OwnCommand().text().starts_with("echo sshsm-check-"));
  CHECK(OwnCommand("word").text() == "echo word");
}

TEST_CASE("only a line that is the word alone shows that the command has run") {
  const OwnCommand command("word");
  CHECK(command.has_run("word\n"));
  CHECK(command.has_run("word"));
  CHECK(command.has_run("Welcome\r\nword\r\n220 x\r\n"));
  CHECK_FALSE(command.has_run(""));
  CHECK_FALSE(command.has_run("refused: echo word\n"));
  CHECK_FALSE(command.has_run("words\nwor"));
}

TEST_CASE("a line that begins as an SMTP reply is a greeting, wherever it stands") {
  CHECK(has_greeting("220 mx\r\n"));
  CHECK(has_greeting("motd\n220-mx"));
  CHECK(has_greeting("554 no\n"));
  CHECK_FALSE(has_greeting("220"));
  CHECK_FALSE(has_greeting("2200 mails wait\n"));
  CHECK_FALSE(has_greeting("127 x\nWelcome 220 x\n"));
}
