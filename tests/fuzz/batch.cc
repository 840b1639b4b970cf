#include "base/failure.h"
#include "cut_input.h"
#include "law.h"
#include "plain_batch.h"
#include "smtp/batch_reader.h"
#include "smtp/envelope_commands.h"
#include "smtp/path.h"
#include "target.h"

#include <algorithm>
#include <string>
#include <vector>

// The batch reader: a batch whole, in pieces, and as somebody reads it who has all of it.

namespace sshsm::fuzz {
namespace {

using smtp::BatchReader;
using smtp::Envelope;
using Event = BatchReader::Event;

struct Message {
  std::vector<std::string> commands;  ///< MAIL and the RCPTs
  std::string body;
  bool is_ended = false;

  bool operator==(const Message&) const = default;
};

struct Account {
  std::vector<Message> messages;
  std::string end;  ///< why it was read no further
  std::size_t lines = 0;

  bool operator==(const Account&) const = default;
};

constexpr smtp::Capabilities all_offered{true, true, true, true, true, true, true, {}};

/// Reads all that can be read of what was fed; false at the end.
bool take_events(BatchReader& reader, Account& account) {
  while (true) {
    switch (reader.next()) {
      case Event::need_input:
        return true;
      case Event::envelope:
        account.messages.push_back({envelope_commands(reader.envelope(), all_offered), {}, false});
        break;
      case Event::body: {
        const std::string piece = reader.take_body();
        require(piece.size() <= BatchReader::max_body_piece, "a piece of a body is bounded");
        account.messages.back().body += piece;
        break;
      }
      case Event::message_end:
        account.messages.back().is_ended = true;
        break;
      case Event::end:
        account.end = "the end";
        return false;
    }
  }
}

Account read(const std::vector<std::string_view>& pieces) {
  Account account;
  BatchReader reader;
  try {
    for (std::string_view piece : pieces) {
      while (take_events(reader, account) && !piece.empty()) {
        const std::size_t fed = reader.feed(piece);
        require(fed > 0, "what wants input takes some", piece);
        piece.remove_prefix(fed);
      }
    }
    reader.end_of_input();
    (void)take_events(reader, account);
  } catch (const base::Failure& failure) {
    account.end = std::string(base::row_of(failure.cause()).name) + ": " + failure.detail();
  }
  account.lines = reader.line_number();
  return account;
}

/// The command that the path and the parameters of one make.
std::string written(bool is_mail, const smtp::PathCommand& command) {
  if (is_mail)
    return envelope_commands({command.path, command.parameters, {}}, all_offered).front();
  return envelope_commands({{}, {}, {{command.path, command.parameters}}}, all_offered).back();
}

/// No octet of an envelope breaks a line in two, and every line is read as it was meant.
void check_envelope(const Message& message) {
  for (const std::string& command : message.commands) {
    require(!smtp::has_control(command), "no control in a command", command);
    const bool is_mail = command.starts_with("MAIL");
    const auto again = is_mail ? smtp::parse_mail(command) : smtp::parse_rcpt(command);
    require(again && written(is_mail, *again) == command, "a command reads the same again",
            command);
  }
}

void check_line_ends(std::string_view body) {
  char last = '\0';
  for (const char c : body) {
    require((c == '\n') == (last == '\r'), "no bare CR or LF in a body", body);
    last = c;
  }
  require(body.empty() || last == '\n', "a body ends with a line end", body);
}

/// Those that were ended are what anybody sees in the text.
void check_against_plain(const Account& account, std::string_view text) {
  const std::vector<PlainMessage> plain = read_plain_batch(text);
  const auto ended = static_cast<std::size_t>(
      std::count_if(account.messages.begin(), account.messages.end(),
                    [](const Message& message) { return message.is_ended; }));
  require(plain.size() >= ended, "no message ends where no dot stands alone");
  if (account.end == "the end") require(plain.size() == ended, "no message is left out");
  for (std::size_t i = 0; i < ended; ++i) {
    require(account.messages[i].body == plain[i].body, "a body is as it was written",
            account.messages[i].body);
    require(account.messages[i].commands.size() == 1 + plain[i].recipients.size(),
            "each recipient is there");
  }
}

}  // namespace

void try_input(std::string_view input) {
  const CutInput cut(input);
  const Account account = read({cut.text()});
  require(account == read(cut.pieces()), "whole and in pieces it is the same", account.end);
  for (const Message& message : account.messages) {
    check_envelope(message);
    if (message.is_ended) check_line_ends(message.body);
  }
  check_against_plain(account, cut.text());
}

}  // namespace sshsm::fuzz
