#include "smtp/path.h"

#include <doctest/doctest.h>

namespace sshsm::smtp {
namespace {

/// `path KEYWORD=VALUE KEYWORD`, or `-` for what is malformed.
std::string shown(const std::optional<PathCommand>& command) {
  if (!command) return "-";
  std::string text = command->path;
  for (const Parameter& parameter : command->parameters)
    text += " " + parameter.keyword + (parameter.value.empty() ? "" : "=" + parameter.value);
  return text;
}

std::string mail(std::string_view line) {
  return shown(parse_mail(line));
}
std::string rcpt(std::string_view line) {
  return shown(parse_rcpt(line));
}

}  // namespace

TEST_CASE("paths are taken as they are, in commands of whatever case") {
  CHECK(mail("MAIL FROM:<alice@a.example>") == "<alice@a.example>");
  CHECK(mail("mail from:<Alice@A.example>") == "<Alice@A.example>");
  CHECK(mail("MAIL FROM:<>") == "<>");
  CHECK(mail("MAIL  FROM:  <a@a.example>  ") == "<a@a.example>");
  CHECK(rcpt("Rcpt To:<postmaster>") == "<postmaster>");
  CHECK(rcpt("RCPT TO:<@relay.example,@b.example:bob@c.example>") ==
        "<@relay.example,@b.example:bob@c.example>");
  CHECK(rcpt("RCPT TO:<bob@[192.0.2.1]>") == "<bob@[192.0.2.1]>");
  CHECK(rcpt("RCPT TO:<b\xc3\xb8"
             "b@b.example>") ==
        "<b\xc3\xb8"
        "b@b.example>");
  CHECK(rcpt("RCPT TO:<\xff@b.example>") == "<\xff@b.example>");
}

TEST_CASE("a quoted local part may hold anything but controls") {
  CHECK(rcpt("RCPT TO:<\"a b>c\"@b.example>") == "<\"a b>c\"@b.example>");
  CHECK(rcpt("RCPT TO:<\"a\\\">b\"@b.example>") == "<\"a\\\">b\"@b.example>");
  CHECK(rcpt("RCPT TO:<\"a\\\\\"@b.example>") == "<\"a\\\\\"@b.example>");
  CHECK(rcpt("RCPT TO:<\"a<b\"@b.example> NOTIFY=NEVER") == "<\"a<b\"@b.example> NOTIFY=NEVER");
  CHECK(rcpt("RCPT TO:<\"never closed@b.example>") == "-");
  CHECK(rcpt("RCPT TO:<\"a\\") == "-");
}

TEST_CASE("without angle brackets it is no path") {
  CHECK(mail("MAIL FROM:alice@a.example") == "-");
  CHECK(mail("MAIL FROM:") == "-");
  CHECK(mail("MAIL FROM:<alice@a.example") == "-");
  CHECK(mail("MAIL FROM: alice <alice@a.example>") == "-");
  CHECK(mail("MAIL FROM:<<alice@a.example>>") == "-");
  CHECK(mail("MAIL FROM:<alice @a.example>") == "-");
  CHECK(mail("MAIL FROM:<alice@a.example>SIZE=1") == "-");
  CHECK(mail("MAIL FROM:<a\\>b@a.example>") == "-");
}

TEST_CASE("what is not MAIL FROM: or RCPT TO: is neither") {
  CHECK(mail("MAIL <alice@a.example>") == "-");
  CHECK(mail("MAILFROM:<alice@a.example>") == "-");
  CHECK(mail("MAIL FROM <alice@a.example>") == "-");
  CHECK(mail("RCPT TO:<alice@a.example>") == "-");
  CHECK(mail("MAIL") == "-");
  CHECK(rcpt("RCPT FROM:<alice@a.example>") == "-");
}

TEST_CASE("nobody is sent to the empty path") {
  CHECK(rcpt("RCPT TO:<>") == "-");
}

TEST_CASE("parameters are keywords with or without a value") {
  CHECK(mail("MAIL FROM:<a@a.example> size=100 BODY=8bitmime SMTPUTF8") ==
        "<a@a.example> SIZE=100 BODY=8bitmime SMTPUTF8");
  CHECK(mail("MAIL FROM:<a@a.example>   X-Y=z  ") == "<a@a.example> X-Y=z");
  CHECK(mail("MAIL FROM:<a@a.example> A=b=c") == "<a@a.example> A=b=c");
  CHECK(mail("MAIL FROM:<a@a.example> =1") == "-");
  CHECK(mail("MAIL FROM:<a@a.example> SIZE=") == "-");
  CHECK(mail("MAIL FROM:<a@a.example> -X") == "-");
  CHECK(mail("MAIL FROM:<a@a.example> <b@b.example>") == "-");
  CHECK(mail("MAIL FROM:<a@a.example> S\xc3\x84Z=1") == "-");
}

TEST_CASE("no control gets through, so that nothing can start another command") {
  for (int control = 0; control < 0x20; ++control) {
    const std::string c(1, static_cast<char>(control));
    CHECK(mail("MAIL FROM:<a" + c + "@a.example>") == "-");
    CHECK(mail("MAIL FROM:<\"a" + c + "\"@a.example>") == "-");
    CHECK(mail("MAIL FROM:<a@a.example> X=" + c + "y") == "-");
    CHECK(rcpt("RCPT TO:" + c + "<a@a.example>") == "-");
  }
  CHECK(rcpt("RCPT TO:<a\x7f@a.example>") == "-");
  CHECK(rcpt("RCPT TO:<a@a.example>\r\nRCPT TO:<b@b.example>") == "-");
}

}  // namespace sshsm::smtp
