#include "smtp/teller.h"

#include "smtp/server.h"

#include <doctest/doctest.h>

#include <string>

namespace sshsm::smtp {
namespace {

/// The longest reply that is read: so many lines of so many octets.
Reply long_reply() {
  Reply reply{250, {}};
  reply.lines.assign(ReplyReader::max_lines, std::string(600, 'x'));
  return reply;
}

const std::string one_line = "250 " + std::string(max_reply_text - 3 - 4, 'x') + "...";

}  // namespace

TEST_CASE("a reply is told whole up to so much untold, and from there on in one line") {
  constexpr std::size_t most = 100;
  Teller teller("friend", "mx.friend.example", most);
  teller.tell_line(std::string(most - 3, 'o'));
  const Reply reply{550, {"5.1.1 no", "such user"}};
  teller.tell(reply);
  std::string told(teller.untold().substr(most - 1));
  CHECK(told == "550-5.1.1 no\r\n550 such user\r\n");
  teller.tell(reply);
  told = teller.untold().substr(most - 1 + told.size());
  CHECK(told == "550 5.1.1 no such user\r\n");
  teller.told(teller.untold().size());
  teller.tell(reply);
  CHECK(teller.untold() == "550-5.1.1 no\r\n550 such user\r\n");
}

TEST_CASE("a reply of the greatest length for each of the most recipients stays bounded") {
  Server lmtp({Protocol::lmtp, 1}, {"here.example", "friend", "mx.friend.example"});
  const auto take = [&](const std::string& line, const std::string& answer) {
    CHECK(lmtp.feed(line) == line.size());
    lmtp.sent_to_server(lmtp.to_server().size());
    lmtp.receive(answer);
    lmtp.sent_to_caller(lmtp.to_caller().size());
  };
  lmtp.receive("220 mx\r\n");
  lmtp.sent_to_server(lmtp.to_server().size());
  lmtp.receive("250 mx\r\n");
  take("LHLO client.example\r\n", "");
  take("MAIL FROM:<a@a.example>\r\n", "250 sender\r\n");
  for (std::size_t i = 0; i < Server::max_recipients; ++i)
    take("RCPT TO:<b@b.example>\r\n", "250 recipient\r\n");
  take("DATA\r\n", "");
  take("a line\r\n.\r\n", "354 go on\r\n");
  lmtp.sent_to_server(lmtp.to_server().size());
  std::string whole;
  for (const std::string& line : lines_of(long_reply())) whole += line + "\r\n";
  lmtp.receive(whole);
  CHECK(whole.size() < ReplyReader::max_reply);
  std::string expected = whole + whole;
  for (std::size_t i = 2; i < Server::max_recipients; ++i) expected += one_line + "\r\n";
  CHECK(lmtp.to_caller().size() == expected.size());
  CHECK(lmtp.to_caller() == expected);
}

}  // namespace sshsm::smtp
