#include "smtp/capabilities.h"

#include "law.h"
#include "target.h"

#include <algorithm>
#include <string>
#include <vector>

// The answer to EHLO: each line of the input is one of the answer.

namespace sshsm::fuzz {
namespace {

using smtp::Capabilities;
using smtp::Reply;

struct Keyword {
  std::string_view word;
  bool Capabilities::*offered;
};

constexpr Keyword keywords[] = {
    {"pipelining", &Capabilities::pipelining},
    {"chunking", &Capabilities::chunking},
    {"size", &Capabilities::size},
    {"8bitmime", &Capabilities::eight_bit_mime},
    {"dsn", &Capabilities::dsn},
    {"smtputf8", &Capabilities::smtputf8},
    {"enhancedstatuscodes", &Capabilities::enhanced_status_codes},
};

Reply reply_of(std::string_view text) {
  Reply reply{250, {"mx.friend.example"}};
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    reply.lines.emplace_back(line);
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return reply;
}

/// With the case of each letter turned.
std::string turned(std::string text) {
  for (char& c : text)
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) c = static_cast<char>(c ^ 0x20);
  return text;
}

/// The first word of a line in small letters, as anybody would look for it.
std::string word_of(std::string_view line) {
  std::string word;
  for (const char c : line) {
    if (c == ' ' || c == '\t' || c == '=') {
      if (word.empty() && c != '=') continue;
      break;
    }
    word += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 0x20) : c;
  }
  return word;
}

bool are_same(const Capabilities& a, const Capabilities& b) {
  return std::all_of(std::begin(keywords), std::end(keywords), [&](const Keyword& keyword) {
    return a.*keyword.offered == b.*keyword.offered;
  });
}

}  // namespace

void try_input(std::string_view input) {
  Reply reply = reply_of(input);
  const Capabilities capabilities = parse_capabilities(reply);
  for (const Keyword& keyword : keywords) {
    const bool is_there =
        std::any_of(reply.lines.begin() + 1, reply.lines.end(),
                    [&](const std::string& line) { return word_of(line) == keyword.word; });
    require(capabilities.*keyword.offered == is_there, "a keyword is offered by its line",
            keyword.word);
  }
  require(capabilities.size || !capabilities.max_size, "no size without SIZE");
  require(capabilities.max_size != 0UL, "SIZE 0 is no limit");

  for (std::string& line : reply.lines) line = turned(line);
  const Capabilities same = parse_capabilities(reply);
  require(are_same(same, capabilities) && same.max_size == capabilities.max_size,
          "letters count the same whatever their case");
  std::reverse(reply.lines.begin() + 1, reply.lines.end());
  require(are_same(parse_capabilities(reply), capabilities), "the order of the lines is nothing");
  reply.lines.resize(1);
  require(are_same(parse_capabilities(reply), {}), "nothing is offered by the first line");
}

}  // namespace sshsm::fuzz
