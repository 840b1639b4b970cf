#include "smtp/envelope_commands.h"

#include <doctest/doctest.h>

namespace sshsm::smtp {
namespace {

const Envelope everything{
    "<a@a.example>",
    {{"SIZE", "1"}, {"BODY", "8bitmime"}, {"RET", "FULL"}, {"ENVID", "x"}, {"SMTPUTF8", ""}},
    {{"<b@b.example>", {{"NOTIFY", "NEVER"}, {"ORCPT", "rfc822;b"}}}, {"<c@c.example>", {}}}};

Envelope with_mail_parameter(const std::string& keyword, const std::string& value) {
  return {"<a@a.example>", {{keyword, value}}, {{"<b@b.example>", {}}}};
}

std::string missing(const Envelope& envelope, const Capabilities& capabilities) {
  return missing_parameter(envelope, capabilities).value_or("-");
}

}  // namespace

TEST_CASE("each parameter passes exactly where its extension is offered") {
  Capabilities offered;
  offered.smtputf8 = true;
  CHECK(envelope_commands(everything, offered)[0] == "MAIL FROM:<a@a.example> SMTPUTF8");
  offered.size = true;
  CHECK(envelope_commands(everything, offered)[0] == "MAIL FROM:<a@a.example> SIZE=1 SMTPUTF8");
  offered.eight_bit_mime = true;
  CHECK(envelope_commands(everything, offered)[0] ==
        "MAIL FROM:<a@a.example> SIZE=1 BODY=8bitmime SMTPUTF8");
  CHECK(envelope_commands(everything, offered)[1] == "RCPT TO:<b@b.example>");
  offered.dsn = true;
  CHECK(envelope_commands(everything, offered) ==
        std::vector<std::string>{
            "MAIL FROM:<a@a.example> SIZE=1 BODY=8bitmime RET=FULL ENVID=x SMTPUTF8",
            "RCPT TO:<b@b.example> NOTIFY=NEVER ORCPT=rfc822;b", "RCPT TO:<c@c.example>"});
  CHECK(missing(everything, offered) == "-");
}

TEST_CASE("what cannot be left out is named") {
  const Capabilities none;
  CHECK(missing(everything, none) == "SMTPUTF8");
  CHECK(missing(with_mail_parameter("BODY", "7bit"), none) == "-");
  CHECK(missing(with_mail_parameter("BODY", "BINARYMIME"), none) == "BODY=BINARYMIME");
  CHECK(missing(with_mail_parameter("BODY", ""), none) == "BODY");
  CHECK(missing(with_mail_parameter("AUTH", "<>"), none) == "AUTH=<>");
  CHECK(missing(with_mail_parameter("NOTIFY", "NEVER"), none) == "NOTIFY=NEVER");
  const Envelope at_rcpt{"<>", {}, {{"<b@b.example>", {}}, {"<c@c.example>", {{"SIZE", "1"}}}}};
  CHECK(missing(at_rcpt, none) == "SIZE=1");
}

}  // namespace sshsm::smtp
