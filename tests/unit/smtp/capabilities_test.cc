#include "smtp/capabilities.h"

#include <doctest/doctest.h>

namespace sshsm::smtp {
namespace {

Capabilities parse(std::vector<std::string> keywords) {
  Reply reply{250, {"mx.friend.example PIPELINING"}};
  for (std::string& keyword : keywords) reply.lines.push_back(std::move(keyword));
  return parse_capabilities(reply);
}

}  // namespace

TEST_CASE("the first line of the answer to EHLO offers nothing") {
  const Capabilities none = parse({});
  CHECK_FALSE(none.pipelining);
  CHECK_FALSE(none.chunking);
  CHECK_FALSE(none.size);
  CHECK_FALSE(none.eight_bit_mime);
  CHECK_FALSE(none.dsn);
  CHECK_FALSE(none.smtputf8);
  CHECK_FALSE(none.enhanced_status_codes);
  CHECK_FALSE(none.max_size.has_value());
}

TEST_CASE("each keyword is known in whatever case") {
  CHECK(parse({"Pipelining"}).pipelining);
  CHECK(parse({"chunking"}).chunking);
  CHECK(parse({"SIZE"}).size);
  CHECK(parse({"8bitMIME"}).eight_bit_mime);
  CHECK(parse({"DSN"}).dsn);
  CHECK(parse({"SMTPUTF8"}).smtputf8);
  CHECK(parse({"EnhancedStatusCodes"}).enhanced_status_codes);
}

TEST_CASE("a keyword is a whole word") {
  CHECK_FALSE(parse({"XPIPELINING"}).pipelining);
  CHECK_FALSE(parse({"PIPELINING2"}).pipelining);
  CHECK_FALSE(parse({"X PIPELINING"}).pipelining);
  CHECK(parse({" PIPELINING and more"}).pipelining);
}

TEST_CASE("the largest size is a number, and 0 says none") {
  CHECK(parse({"SIZE 52428800"}).max_size == 52428800UL);
  CHECK(parse({"size=1000"}).max_size == 1000UL);
  CHECK_FALSE(parse({"SIZE 0"}).max_size.has_value());
  CHECK_FALSE(parse({"SIZE"}).max_size.has_value());
  CHECK_FALSE(parse({"SIZE -1"}).max_size.has_value());
  CHECK_FALSE(parse({"SIZE 99999999999999999999999"}).max_size.has_value());
  CHECK(parse({"SIZE lots"}).size);
}

}  // namespace sshsm::smtp
