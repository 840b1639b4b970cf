#include "smtp/batch_reader.h"

#include "base/text.h"
#include "pieces.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

namespace sshsm::smtp {
namespace {

using Event = BatchReader::Event;

std::string shown(const std::vector<Parameter>& parameters) {
  std::string text;
  for (const Parameter& parameter : parameters)
    text += " " + parameter.keyword + "=" + parameter.value;
  return text;
}

std::string shown(const Envelope& envelope) {
  std::string text = "[" + envelope.reverse_path + shown(envelope.parameters);
  for (const Recipient& recipient : envelope.recipients)
    text += " " + recipient.path + shown(recipient.parameters);
  return text + "]";
}

/// What a reader tells of a batch, in one string: `[envelope]body.` for each message and `end`, or
/// `!class detail` where it stops.
class Transcript {
 public:
  void feed(std::string_view bytes) {
    while (is_open_ && !bytes.empty()) {
      bytes.remove_prefix(reader_.feed(bytes));
      take_events();
    }
  }

  std::string end() {
    reader_.end_of_input();
    take_events();
    CHECK_FALSE(is_open_);
    return text_;
  }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void take_events() {
    try {
      while (is_open_ && take(reader_.next())) {
      }
    } catch (const base::Failure& failure) {
      text_ += "!" + std::string(base::row_of(failure.cause()).name) + " " + failure.detail();
      is_open_ = false;
    }
  }

  bool take(Event event) {
    switch (event) {
      case Event::need_input:
        return false;
      case Event::envelope:
        text_ += shown(reader_.envelope());
        return true;
      case Event::body: {
        const std::string body = reader_.take_body();
        CHECK(body.size() <= BatchReader::max_body_piece);
        text_ += body;
        return true;
      }
      case Event::message_end:
        text_ += ".";
        return true;
      case Event::end:
        text_ += "end";
        is_open_ = false;
    }
    return false;
  }

  BatchReader reader_;
  std::string text_;
  bool is_open_ = true;
};

std::string read(const std::vector<std::string_view>& pieces) {
  Transcript transcript;
  for (const std::string_view piece : pieces) transcript.feed(piece);
  return transcript.end();
}

std::string with_crlf(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

/// The same batch must be read the same however it is cut.
void check_exact(std::string_view batch, const std::string& expected) {
  with_every_cut(batch, [&](const auto& pieces) { CHECK(read(pieces) == expected); });
}

/// And the same whether its lines end in LF or in CRLF. Both arguments are written with LF.
void check(std::string_view batch, const std::string& expected) {
  check_exact(batch, with_crlf(expected));
  check_exact(with_crlf(batch), with_crlf(expected));
}

const std::string opening = "MAIL FROM:<a@a>\nRCPT TO:<b@b>\nDATA\n";
const std::string opened = "[<a@a> <b@b>]";

}  // namespace

TEST_CASE("a batch as Exim writes it, with and without use_crlf") {
  check(
      "MAIL FROM:<alice@a.example>\nRCPT TO:<bob@b.example>\nRCPT TO:<eve@b.example>\nDATA\n"
      "Received: from alice by a.example\n\tid 1\nSubject: hi\n\nHello\n..dot\n\n.\n",
      "[<alice@a.example> <bob@b.example> <eve@b.example>]"
      "Received: from alice by a.example\n\tid 1\nSubject: hi\n\nHello\n.dot\n\n.end");
}

TEST_CASE("a batch as Exim writes it for a bounce, with its message_prefix") {
  check_exact(
      "EHLO a.example\r\nMAIL FROM:<>\r\nRCPT TO:<bob@b.example>\r\nDATA\r\nX: y\r\n\r\n.\r\n",
      "[<> <bob@b.example>]X: y\r\n\r\n.end");
}

TEST_CASE("parameters come with the envelope, in upper case keywords") {
  check("mail from:<a@a> size=9 Body=8BITMIME\nrcpt to:<b@b> notify=NEVER\ndata\n.\n",
        "[<a@a> SIZE=9 BODY=8BITMIME <b@b> NOTIFY=NEVER].end");
}

TEST_CASE("idle commands are understood and lead to nothing") {
  check("HELO a\nehlo b c\nNOOP\nNOOP x\nVRFY bob\nRSET\nQUIT\n" + opening + "x\n.\nQUIT \n",
        opened + "x\n.end");
  check("MAIL FROM:<a@a>\nNOOP\nRCPT TO:<b@b>\nVRFY x\nDATA\n.\n", opened + ".end");
}

TEST_CASE("QUIT does not end the reading: batches laid end to end lose nothing") {
  const std::string batch = "EHLO a\n" + opening + "x\n.\nQUIT\n";
  check(batch + batch, opened + "x\n." + opened + "x\n.end");
}

TEST_CASE("the last line may lack its line end if it carries no mail") {
  check(opening + "x\n.\nQUIT", opened + "x\n.end");
  check(opening + "x\n.\nRSET", opened + "x\n.end");
  check(opening + "x\n.\nMAIL FROM:<a@a>", opened + "x\n.!batch-truncated line 6");
  check(opening + "x\n.\nQUI", opened + "x\n.!batch-truncated line 6");
  check("MAIL FROM:<a@a>\nRCPT TO:<b@b>\nDATA", "!batch-truncated line 3");
  check("QUIT", "!batch-empty ");
}

TEST_CASE("RSET, HELO and EHLO drop an envelope") {
  for (const std::string word : {"RSET", "HELO x", "EHLO x"}) {
    CAPTURE(word);
    check("MAIL FROM:<lost@a>\nRCPT TO:<lost@b>\n" + word + "\n" + opening + "x\n.\n",
          opened + "x\n.end");
    check("MAIL FROM:<lost@a>\n" + word + "\nRCPT TO:<b@b>\n",
          "!batch-malformed line 3: RCPT without MAIL: \"RCPT TO:<b@b>\"");
  }
}

TEST_CASE("an envelope does not reach into the next message") {
  check(opening + ".\nRCPT TO:<c@c>\n",
        opened + ".!batch-malformed line 5: RCPT without MAIL: \"RCPT TO:<c@c>\"");
  check(opening + ".\nMAIL FROM:<c@c>\nRCPT TO:<d@d>\nDATA\n.\n", opened + ".[<c@c> <d@d>].end");
}

TEST_CASE("what is not batch SMTP is malformed from there on") {
  check("STARTTLS\n", "!batch-malformed line 1: not a command of batch SMTP: \"STARTTLS\"");
  check(opening + "x\n.\nBDAT 4 LAST\n" + opening + "y\n.\n",
        opened + "x\n.!batch-malformed line 6: not a command of batch SMTP: \"BDAT 4 LAST\"");
  check("\n", "!batch-malformed line 1: not a command of batch SMTP: \"\"");
  check("DATA x\n", "!batch-malformed line 1: not a command of batch SMTP: \"DATA x\"");
  check("QUIT x\n", "!batch-malformed line 1: not a command of batch SMTP: \"QUIT x\"");
  check("NOOPS\n", "!batch-malformed line 1: not a command of batch SMTP: \"NOOPS\"");
  check("RCPT TO:<b@b>\n", "!batch-malformed line 1: RCPT without MAIL: \"RCPT TO:<b@b>\"");
  check("DATA\n", "!batch-malformed line 1: DATA without MAIL: \"DATA\"");
  check("MAIL FROM:<a@a>\nDATA\n", "!batch-malformed line 2: DATA without RCPT: \"DATA\"");
  check("MAIL FROM:<a@a>\nMAIL FROM:<b@b>\n",
        "!batch-malformed line 2: MAIL inside a transaction: \"MAIL FROM:<b@b>\"");
  check("MAIL FROM:a@a\n", "!batch-malformed line 1: cannot read this MAIL: \"MAIL FROM:a@a\"");
  check("MAIL FROM:<a@a>\nRCPT TO:<>\n",
        "!batch-malformed line 2: cannot read this RCPT: \"RCPT TO:<>\"");
}

TEST_CASE("that QUIT was the last word is known until anything comes behind it") {
  BatchReader reader;
  const std::string message = opening + "x\n.\n";
  const auto feed = [&](std::string_view bytes) {
    while (!bytes.empty()) {
      bytes.remove_prefix(reader.feed(bytes));
      while (reader.next() != BatchReader::Event::need_input) (void)reader.take_body();
    }
    return reader.has_quit();
  };
  CHECK_FALSE(reader.has_quit());
  CHECK(feed("QUIT\n"));
  CHECK_FALSE(feed(message));
  CHECK(feed("QUIT\n"));
  CHECK_FALSE(feed("N"));
  CHECK_FALSE(feed("OOP\n"));
  CHECK_FALSE(feed("QUI"));
  CHECK(feed("T\n"));
  CHECK_FALSE(feed(opening));
  CHECK_FALSE(feed("QUIT\n.\n"));
}

TEST_CASE("nothing can be read behind what was malformed") {
  BatchReader reader;
  CHECK(reader.feed("FOO\nQUIT\n") == 4);
  for (int again = 0; again < 2; ++again) CHECK_THROWS_AS((void)reader.next(), base::Failure);
  CHECK(reader.feed("QUIT\n") == 0);
  reader.end_of_input();
  CHECK_THROWS_AS((void)reader.next(), base::Failure);
}

TEST_CASE("a control in a command is malformed") {
  check_exact("EHLO a\tb\n",
              "!batch-malformed line 1: a control character in a command: \"EHLO a\\x09b\"");
  check_exact(std::string("NOOP \0\n", 7),
              "!batch-malformed line 1: a control character in a command: \"NOOP \\x00\"");
  check_exact("NOOP\r\r\n",
              "!batch-malformed line 1: a control character in a command: \"NOOP\\x0d\"");
  check_exact("MAIL FROM:<a@a>\r\nRSET\nRCPT TO:<b@b>\r\n",
              "!batch-malformed line 2: a control character in a command: \"RSET\\x0a\"");
  check_exact("MAIL FROM:<a@a>\nRCPT TO:<b@b>\r\n",
              "!batch-malformed line 2: a control character in a command: \"RCPT TO:<b@b>\\x0d\"");
  check_exact("NOOP\rNOOP\n",
              "!batch-malformed line 1: a control character in a command: \"NOOP\\x0dNOOP\"");
}

TEST_CASE("a batch without a message is empty") {
  check("", "!batch-empty ");
  check("EHLO a\nQUIT\n", "!batch-empty ");
  check("MAIL FROM:<a@a>\nRSET\n", "!batch-empty ");
}

TEST_CASE("a batch that ends behind MAIL without a final dot is truncated") {
  check("MAIL FROM:<a@a>\n", "!batch-truncated line 1");
  check("MAIL FROM:<a@a>\nRCPT TO:<b@b>\nQUIT\n",
        "!batch-malformed line 3: QUIT inside a transaction: \"QUIT\"");
  check(opening, opened + "!batch-truncated line 3");
  check(opening + "x\n", opened + "x\n!batch-truncated line 4");
  check(opening + "From: alic", opened + "From: alic!batch-truncated line 3");
  check(opening + "x\n.\n" + opening + "y\n",
        opened + "x\n." + opened + "y\n!batch-truncated line 9");
}

TEST_CASE("a final dot without its line end is none") {
  check_exact(opening + "x\n.", opened + "x\r\n!batch-truncated line 4");
  check_exact(with_crlf(opening) + "x\r\n.", opened + "x\r\n!batch-truncated line 4");
  check_exact(with_crlf(opening) + "x\r\n.\r", opened + "x\r\n!batch-truncated line 4");
  // As Exim leaves it when its filter ends without a newline.
  check_exact(with_crlf(opening) + "From: alic.\r\n",
              opened + "From: alic.\r\n!batch-truncated line 4");
}

TEST_CASE("one leading dot is taken off a line") {
  check(opening + "..\n...\n..a\n.b\nc.\n .\n.\n", opened + ".\n..\n.a\nb\nc.\n .\n.end");
}

TEST_CASE("in a CRLF batch only CRLF ends a line: bare CR and LF are content, made CRLF") {
  const std::string start = with_crlf(opening);
  check_exact(start + "a\nb\rc\r\n.\r\n", opened + "a\r\nb\r\nc\r\n.end");
  check_exact(start + "a\n.\nMAIL FROM:<evil@e>\r\n.\r\n",
              opened + "a\r\n.\r\nMAIL FROM:<evil@e>\r\n.end");
  check_exact(start + "a\n.\r\nb\r\n.\r\n", opened + "a\r\n.\r\nb\r\n.end");
  check_exact(start + "a\r\n.\nb\r\n.\r\n", opened + "a\r\n\r\nb\r\n.end");
  check_exact(start + "a\r.\r\nb\r\n.\r\n", opened + "a\r\n.\r\nb\r\n.end");
  check_exact(start + "a\r\n.\rb\r\n.\r\n", opened + "a\r\n\r\nb\r\n.end");
  check_exact(start + "a\r\n.\r\r\nb\r\n.\r\n", opened + "a\r\n\r\n\r\nb\r\n.end");
  check_exact(start + "a\r\r\nb\n\r\n.\r\n", opened + "a\r\n\r\nb\r\n\r\n.end");
}

TEST_CASE("whole lines that are taken at once come out as octet by octet, and are counted so") {
  const std::string long_run(1023, 'x');
  const std::vector<std::string> parts{"a",    ".",        "\r",     "\n",
                                       "\r\n", "line\r\n", ".x\r\n", long_run};
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string batch = with_crlf(opening);
    for (int i = 0; i < 20; ++i) batch += parts[random() % parts.size()];
    // Most of them end without a final dot, and tell how many lines they had.
    CHECK(read({batch}) == read(pieces_of(batch, 1)));
  }
}

TEST_CASE("in an LF batch only LF ends a line, and a CR before it belongs to the break") {
  check_exact(opening + "a\r\nb\rc\n.\n", opened + "a\r\nb\r\nc\r\n.end");
  check_exact(opening + "a\r\r\nb\n.\n", opened + "a\r\n\r\nb\r\n.end");
  check_exact(opening + "a\r.\rb\n.\n", opened + "a\r\n.\r\nb\r\n.end");
  // A dot and CRLF is not the final dot of an LF batch.
  check_exact(opening + "a\n.\r\nb\n.\n", opened + "a\r\n\r\nb\r\n.end");
  check_exact(opening + "a\n.\r\n", opened + "a\r\n\r\n!batch-truncated line 5");
}

TEST_CASE("NUL and 8 bit pass in a body, 8 bit in a path") {
  check(opening + std::string("a\0b\xff\n", 5) + ".\n",
        opened + std::string("a\0b\xff\n", 5) + ".end");
  check("MAIL FROM:<\xc3\xa4@a>\nRCPT TO:<b@b>\nDATA\n.\n", "[<\xc3\xa4@a> <b@b>].end");
}

TEST_CASE("a command line has a limit, with or without its end") {
  const std::string longest = "NOOP " + std::string(BatchReader::max_command_line - 5, 'x');
  const std::string too_long = "!batch-malformed line 1: a command line is too long: ";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}, std::size_t{100000}}) {
    for (const std::string end : {"\n", "\r\n"}) {
      CHECK(read(pieces_of(longest + end, piece)) == "!batch-empty ");
      CHECK(read(pieces_of(longest + "x" + end, piece)).starts_with(too_long));
    }
    CHECK(read(pieces_of(longest + "xx", piece)).starts_with(too_long));
    CHECK(read(pieces_of(longest + "\rx", piece)).starts_with(too_long));
  }
}

TEST_CASE("a message has a limit of recipients") {
  std::string batch = "MAIL FROM:<a@a>\n";
  for (std::size_t i = 0; i < BatchReader::max_recipients; ++i) batch += "RCPT TO:<b@b>\n";
  CHECK(read({batch, "DATA\n.\n"}).ends_with(" <b@b>].end"));
  CHECK(read({batch, "RCPT TO:<c@c>\n"}) ==
        "!batch-malformed line 10002: too many recipients: \"RCPT TO:<c@c>\"");
}

TEST_CASE("a body is given in bounded pieces, nothing of it is lost") {
  for (const std::string_view line : {"x\n", "\n", "a long line of a body\n", "\r"}) {
    std::string body;
    while (body.size() < 3 * BatchReader::max_body_piece) body += line;
    if (!body.ends_with('\n')) body += '\n';
    if (line.ends_with('\n'))
      CHECK(read({with_crlf(opening + body + ".\n")}) == opened + with_crlf(body) + ".end");
    Transcript transcript;
    transcript.feed(opening + body + ".\n");
    const std::string text = transcript.end();
    const auto breaks = std::count(text.begin(), text.end(), '\r');
    const auto expected = line == "\r" ? std::count(body.begin(), body.end(), '\r')
                                       : std::count(body.begin(), body.end(), '\n');
    CHECK(breaks == expected);
    CHECK(text.ends_with("\r\n.end"));
  }
}

TEST_CASE("one octet short of a full piece, a line break still fits") {
  for (std::size_t missing = 0; missing < 4; ++missing) {
    const std::string line(BatchReader::max_body_piece - missing, 'x');
    Transcript transcript;
    transcript.feed(opening + line + "\n..\n.\n");
    CHECK(transcript.end() == opened + line + "\r\n.\r\n.end");
  }
}

TEST_CASE("nothing is taken while an event waits") {
  BatchReader reader;
  const std::string batch = opening + "x\n.\n";
  CHECK(reader.feed(batch) == opening.size());
  CHECK(reader.feed("x\n") == 0);
  CHECK(reader.next() == Event::envelope);
  CHECK(reader.next() == Event::need_input);
  CHECK(reader.feed("x\n.\nNOOP\n") == 4);
  CHECK(reader.feed("NOOP\n") == 0);
  CHECK(reader.next() == Event::body);
  CHECK(reader.next() == Event::body);
  CHECK(reader.take_body() == "x\r\n");
  CHECK(reader.feed("NOOP\n") == 0);
  CHECK(reader.next() == Event::message_end);
  CHECK(reader.line_number() == 5);
  CHECK(reader.feed("NOOP\n") == 5);
  CHECK(reader.line_number() == 6);
  reader.end_of_input();
  CHECK(reader.next() == Event::end);
  CHECK(reader.next() == Event::end);
  CHECK(reader.envelope().reverse_path == "<a@a>");
}

TEST_CASE("what is read before the end of the input is told before it") {
  BatchReader reader;
  CHECK(reader.feed(opening) == opening.size());
  reader.end_of_input();
  CHECK(reader.next() == Event::envelope);
  CHECK_THROWS_AS((void)reader.next(), base::Failure);
}

}  // namespace sshsm::smtp
