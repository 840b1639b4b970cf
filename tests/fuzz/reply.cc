#include "smtp/reply.h"

#include "base/failure.h"
#include "cut_input.h"
#include "law.h"
#include "target.h"

#include <string>
#include <vector>

// The reader of replies: octets of a mail server, whole and in pieces.

namespace sshsm::fuzz {
namespace {

using smtp::Reply;
using smtp::ReplyReader;

/// All that was read, in words, and why it ended.
using Account = std::vector<std::string>;

std::string written(const Reply& reply) {
  std::string text;
  for (const std::string& line : lines_of(reply)) text += line + "\r\n";
  return text;
}

Account read(const std::vector<std::string_view>& pieces) {
  Account account;
  ReplyReader reader;
  try {
    for (std::string_view piece : pieces)
      while (const std::optional<Reply> reply = reader.read(piece))
        account.push_back(written(*reply));
  } catch (const base::Failure& failure) {
    account.push_back("failure: " + failure.detail() + ": " + failure.peer_text());
    return account;
  }
  account.push_back("unfinished: " + std::string(reader.unfinished_line()));
  require(account.back().size() < ReplyReader::max_line + 100, "a line is bounded");
  return account;
}

bool is_status_code(std::string_view code, int code_class) {
  return code.size() >= 5 && code.size() <= 9 && code[0] == '0' + code_class && code[1] == '.';
}

void check(const Reply& reply) {
  require(reply.code >= 200 && reply.code <= 599, "a code is from 200 to 599");
  require(!reply.lines.empty() && reply.lines.size() <= ReplyReader::max_lines, "lines, not many");
  require(text_of(reply).size() <= smtp::max_reply_text, "the text of a reply is bounded");
  require(is_status_code(status_code(reply), reply.code_class()), "a code of the reply's class");
  for (const std::string& line : reply.lines)
    require(line.find('\n') == std::string::npos && line.size() < ReplyReader::max_line,
            "a line is a line", line);
}

/// What was read says the same when it is written and read again. (A CR before the line end is one
/// of the text where another follows.)
void check_way_back(const Reply& reply) {
  ReplyReader reader;
  const std::string text = written(reply);
  std::string_view bytes = text;
  const std::optional<Reply> again = reader.read(bytes);
  require(again && bytes.empty(), "a reply can be read again", text);
  require(again->code == reply.code && again->lines == reply.lines, "and says the same", text);
}

}  // namespace

void try_input(std::string_view input) {
  const CutInput cut(input);
  require(read({cut.text()}) == read(cut.pieces()), "whole and in pieces it is the same");
  ReplyReader reader;
  std::string_view bytes = cut.text();
  try {
    while (const std::optional<Reply> reply = reader.read(bytes)) {
      check(*reply);
      check_way_back(*reply);
    }
  } catch (const base::Failure&) {
    // A fault of the mail server's is a value: that it is one was compared above.
  }
}

}  // namespace sshsm::fuzz
