#include "sink_script.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <utility>

namespace sink {
namespace {

constexpr std::array<std::string_view, step_count> step_names{
    "greeting", "EHLO", "HELO", "MAIL", "RCPT", "DATA", "BDAT", "dot", "RSET", "NOOP", "QUIT"};

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what);
}

std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(" \t"));
  text.remove_prefix(word.size());
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return word;
}

template <typename Number>
Number number_of(std::string_view word) {
  Number value{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size() || value < 0)
    fail("not a number: " + std::string(word));
  return value;
}

char hex_octet(std::string_view digits) {
  unsigned value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2)
    fail("not two hexadecimal digits behind \\x");
  return static_cast<char>(value);
}

char escaped(std::string_view& rest) {
  const char c = rest.empty() ? '\\' : rest.front();
  if (!rest.empty()) rest.remove_prefix(1);
  switch (c) {
    case 'r':
      return '\r';
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'x': {
      const char octet = hex_octet(rest.substr(0, 2));
      rest.remove_prefix(2);
      return octet;
    }
    default:
      return c;
  }
}

/// The rest of a line, with or without double quotes, with its escapes resolved.
std::string text_of(std::string_view rest) {
  if (rest.size() >= 2 && rest.front() == '"' && rest.back() == '"')
    rest = rest.substr(1, rest.size() - 2);
  std::string text;
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    text += c == '\\' ? escaped(rest) : c;
  }
  return text;
}

Step step_of(std::string_view word) {
  const auto found = std::find(step_names.begin(), step_names.end(), word);
  if (found == step_names.end()) fail("not a step: " + std::string(word));
  return static_cast<Step>(found - step_names.begin());
}

/// `STEP [<path>] [#N] REST`
Rule rule_of(Verb verb, std::string_view rest) {
  Rule rule;
  rule.verb = verb;
  rule.step = step_of(take_word(rest));
  if (rest.starts_with('<')) rule.path = take_word(rest);
  if (rest.starts_with('#')) rule.nth = number_of<std::size_t>(take_word(rest).substr(1));
  switch (verb) {
    case Verb::reply:
    case Verb::raw:
      rule.text = text_of(rest);
      break;
    case Verb::flood:
      rule.number = number_of<double>(take_word(rest));
      rule.text = text_of(rest);
      break;
    case Verb::delay:
      rule.number = number_of<double>(take_word(rest));
      break;
    case Verb::stall:
    case Verb::die_before:
    case Verb::die_after:
    case Verb::drop_after:
      if (!rest.empty()) fail("too many words");
      break;
  }
  if (verb == Verb::reply && rule.text.size() < 3) fail("a reply begins with three digits");
  return rule;
}

void withhold(Script& script, std::string_view keyword) {
  if (keyword == "all") return script.offers.clear();
  if (!script.offers_keyword(keyword)) fail("not offered anyway: " + std::string(keyword));
  std::erase_if(script.offers, [&](const std::string& offer) {
    return upper(offer.substr(0, offer.find(' '))) == upper(keyword);
  });
}

/// `die` and `stall`, which are rules or settings.
void read_end(Script& script, std::string_view verb, std::string_view rest) {
  std::string_view behind = rest;
  const std::string_view where = take_word(behind);
  if (where == "inside") {
    const auto octets = number_of<std::size_t>(take_word(behind));
    (verb == "die" ? script.die_inside : script.stall_inside) = octets;
  } else if (verb == "stall") {
    script.rules.push_back(rule_of(Verb::stall, rest));
  } else if (where == "before") {
    script.rules.push_back(rule_of(Verb::die_before, behind));
  } else if (where == "after") {
    script.rules.push_back(rule_of(Verb::die_after, behind));
  } else {
    fail("die before, die after or die inside");
  }
}

bool read_rule(Script& script, std::string_view verb, std::string_view rest) {
  if (verb == "reply") {
    script.rules.push_back(rule_of(Verb::reply, rest));
  } else if (verb == "raw") {
    script.rules.push_back(rule_of(Verb::raw, rest));
  } else if (verb == "flood") {
    script.rules.push_back(rule_of(Verb::flood, rest));
  } else if (verb == "delay") {
    script.rules.push_back(rule_of(Verb::delay, rest));
  } else if (verb == "die" || verb == "stall") {
    read_end(script, verb, rest);
  } else if (verb == "drop") {
    if (rest != "after dot") fail("only `drop after dot` is known");
    script.rules.push_back(rule_of(Verb::drop_after, "dot"));
  } else {
    return false;
  }
  return true;
}

bool read_switch(Script& script, std::string_view verb) {
  if (verb == "strict") {
    script.is_strict = true;
    script.is_lax = false;
  } else if (verb == "lenient") {
    script.is_strict = false;
  } else if (verb == "lax") {
    script.is_lax = true;
    script.is_strict = false;
  } else if (verb == "lax-354") {
    script.is_lax_354 = true;
  } else if (verb == "ignore-eof") {
    script.ignores_eof = true;
  } else {
    return false;
  }
  return true;
}

bool read_setting(Script& script, std::string_view verb, std::string_view rest) {
  if (verb == "offer") {
    script.offers.emplace_back(rest);
  } else if (verb == "withhold") {
    withhold(script, rest);
  } else if (verb == "print-before-greeting") {
    script.printed_before_greeting = text_of(rest);
  } else if (verb == "stderr" && rest.starts_with('"')) {
    script.stderr_text = text_of(rest);
  } else if (verb == "stderr") {
    script.stderr_octets = number_of<std::size_t>(rest);
  } else if (verb == "exit") {
    script.exit_status = number_of<int>(rest);
  } else if (verb == "signal") {
    script.signal = number_of<int>(rest);
  } else {
    return false;
  }
  return true;
}

void read_line(Script& script, std::string_view line) {
  const std::string_view verb = take_word(line);
  if (verb.empty() || verb.starts_with('#')) return;
  if (read_rule(script, verb, line)) return;
  if (line.empty() ? read_switch(script, verb) : read_setting(script, verb, line)) return;
  fail("not understood: " + std::string(verb));
}

}  // namespace

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result;
}

const Rule* Script::find(Verb verb, Step step, std::string_view path, std::size_t nth) const {
  for (const Rule& rule : rules)
    if (rule.verb == verb && rule.step == step && (rule.path.empty() || rule.path == path) &&
        (rule.nth == 0 || rule.nth == nth))
      return &rule;
  return nullptr;
}

bool Script::offers_keyword(std::string_view keyword) const {
  return std::any_of(offers.begin(), offers.end(), [&](const std::string& offer) {
    return upper(offer.substr(0, offer.find(' '))) == upper(keyword);
  });
}

Script parse_script(std::string_view text) {
  Script script;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    try {
      read_line(script, line);
    } catch (const std::runtime_error& error) {
      fail("line " + std::to_string(number) + ": " + error.what());
    }
  }
  return script;
}

}  // namespace sink
