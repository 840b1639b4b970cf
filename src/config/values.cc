#include "config/values.h"

#include "base/text.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

namespace sshsm::config {
namespace {

using base::concat;

constexpr std::size_t max_shown = 80;
constexpr std::string_view letters_and_digits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

// Letters, digits and `others` alone, at least one and not a hyphen first: a program that is handed
// the value as an argument must never take it for an option.
bool is_word_of(std::string_view value, std::string_view others) {
  return !value.empty() && !value.starts_with('-') &&
         std::all_of(value.begin(), value.end(), [others](char c) {
           return letters_and_digits.find(c) != std::string_view::npos ||
                  others.find(c) != std::string_view::npos;
         });
}

bool is_name(std::string_view value, std::string_view others) {
  return value.size() <= max_name && is_word_of(value, others);
}

// None of the characters that libssh refuses in a user name, or that any shell there takes for more
// than a character.
bool is_user_name(std::string_view value) {
  return is_name(value, "._+@%:/=,-");
}

bool is_inet(std::string_view value) {
  in_addr address{};
  return inet_pton(AF_INET, std::string(value).c_str(), &address) == 1;
}

bool is_inet6(std::string_view value) {
  in6_addr address{};
  return inet_pton(AF_INET6, std::string(value).c_str(), &address) == 1;
}

// Every percent sign is the first half of one of these.
bool has_known_escapes(std::string_view word) {
  for (std::size_t at = word.find('%'); at < word.size(); at = word.find('%', at + 2)) {
    const std::string_view escape = word.substr(at, 2);
    if (escape != "%h" && escape != "%p" && escape != "%%") return false;
  }
  return true;
}

// Which program it is must not depend on a search path, nor on a host's name.
bool is_program(const std::vector<std::string>& words) {
  return !words.empty() && words.size() <= max_proxy_words && words.front().starts_with('/') &&
         words.front().find('%') == std::string::npos &&
         std::all_of(words.begin(), words.end(), has_known_escapes);
}

// A colon belongs to an IPv6 address and never to a port.
bool is_host_name(std::string_view value) {
  return is_name(value, "._-") || is_inet6(value);
}

// RFC 5321 4.1.3
bool is_address_literal(std::string_view value) {
  constexpr std::string_view tag = "IPv6:";
  if (!value.starts_with('[') || !value.ends_with(']')) return false;
  const std::string_view inside = value.substr(1, value.size() - 2);
  if (base::starts_with_ignoring_case(inside, tag) && inside.size() > tag.size())
    return is_inet6(inside.substr(tag.size()));
  return is_inet(inside);
}

bool is_all(const std::vector<std::string>& words, bool (*is_good)(std::string_view)) {
  return !words.empty() && std::all_of(words.begin(), words.end(), is_good);
}

bool is_host_list(const std::vector<std::string>& words) {
  return words.size() <= max_hosts && is_all(words, is_host_name);
}

bool is_port(std::string_view value) {
  return base::parse_number(value, 65535).value_or(0) != 0;
}

std::string_view port_behind_host(std::string_view value) {
  return value.substr(value.rfind(':') + 1);
}

// `HOST:PORT` or `[ADDRESS]:PORT`, without brackets in the host.
std::optional<std::string_view> host_before_port(std::string_view value) {
  const std::size_t colon = value.rfind(':');
  if (colon == std::string_view::npos || !is_port(port_behind_host(value))) return std::nullopt;
  const std::string_view host = value.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    const std::string_view inside = host.substr(1, host.size() - 2);
    return is_inet6(inside) ? std::optional(inside) : std::nullopt;
  }
  return is_name(host, "._-") ? std::optional(host) : std::nullopt;
}

// No key lifts this: the keeper speaks for whoever connects, so nobody connects from elsewhere.
bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || (host.starts_with("127.") && is_inet(host));
}

bool is_listener(std::string_view value) {
  for (const std::string_view protocol : {"smtp:", "lmtp:"})
    if (value.starts_with(protocol)) {
      value.remove_prefix(protocol.size());
      break;
    }
  if (value.starts_with('/')) return true;
  const auto host = host_before_port(value);
  return host && is_loopback(*host);
}

// Its shape alone. Whether the key is whole is for the room that knows keys.
bool is_host_key(std::string_view value) {
  const std::vector<std::string> words = base::words_of(value);
  if (words.size() != 2 || !is_word_of(words[0], "@.-")) return false;
  const std::size_t end = words[1].find_last_not_of('=') + 1;
  return words[1].size() % 4 == 0 && words[1].size() - end <= 2 &&
         is_word_of(std::string_view(words[1]).substr(0, end), "+/");
}

// libssh takes a hyphen, plus or circumflex before a list for a change to its own.
bool is_algorithm_list(std::string_view value) {
  return is_word_of(value, "@.,_-") && !value.starts_with(',') && !value.ends_with(',') &&
         value.find(",,") == std::string_view::npos;
}

bool is_in_range(std::string_view value, Range range) {
  const auto number = base::parse_number(value, range.max);
  return number && *number >= range.min;
}

struct Family {
  std::string_view name;
  AddressFamily family;
};

constexpr auto families = std::to_array<Family>({
    {"any", AddressFamily::any},
    {"inet", AddressFamily::inet},
    {"inet6", AddressFamily::inet6},
});

const Family* find_family(std::string_view name) {
  const auto* const found = std::find_if(families.begin(), families.end(),
                                         [name](const Family& row) { return row.name == name; });
  return found == families.end() ? nullptr : found;
}

bool is_good(const Key& key, std::string_view value) {
  switch (key.form) {
    case Form::text:
      return true;
    case Form::program:
      return is_program(base::words_of(value));
    case Form::user_name:
      return is_user_name(value);
    case Form::user_names:
      return is_all(base::words_of(value), is_user_name);
    case Form::host_names:
      return is_host_list(base::words_of(value));
    case Form::key_alias:
      return is_name(value, "._:-");
    case Form::hello_name:
      return is_name(value, "._-") || is_address_literal(value);
    case Form::address:
      return is_inet(value) || is_inet6(value);
    case Form::address_family:
      return find_family(value) != nullptr;
    case Form::number:
    case Form::seconds:
      return is_in_range(value, key.range);
    case Form::yes_or_no:
      return value == "yes" || value == "no";
    case Form::path:
      return !value.starts_with('~');
    case Form::host_key:
      return is_host_key(value);
    case Form::algorithms:
      return is_algorithm_list(value);
    case Form::host_and_port:
      return host_before_port(value).has_value();
    case Form::listener:
      return is_listener(value);
  }
  return false;
}

std::string range_text(const Key& key) {
  return concat({"from ", std::to_string(key.range.min), " to ", std::to_string(key.range.max)});
}

std::string wanted(const Key& key) {
  switch (key.form) {
    case Form::text:
      return "a text";
    case Form::program:
      return concat({"the absolute path of a program and its arguments, ",
                     std::to_string(max_proxy_words), " words at most, with %h, %p and %% alone"});
    case Form::user_name:
      return "a user name of letters, digits and ._+@%:/=,-";
    case Form::user_names:
      return "a list of user names between blanks";
    case Form::host_names:
      return concat({"a list of 1 to ", std::to_string(max_hosts),
                     " host names or addresses between blanks"});
    case Form::key_alias:
      return "a name of letters, digits and ._:-";
    case Form::hello_name:
      return "a host name or an address in [ ]";
    case Form::address:
      return "an IPv4 or IPv6 address";
    case Form::address_family:
      return "any, inet or inet6";
    case Form::number:
      return "a number " + range_text(key);
    case Form::seconds:
      return "a number of seconds " + range_text(key);
    case Form::yes_or_no:
      return "yes or no";
    case Form::path:
      return "a file name, since ~ is not expanded";
    case Form::host_key:
      return "TYPE BASE64";
    case Form::algorithms:
      return "a list of algorithms between commas";
    case Form::host_and_port:
      return "HOST:PORT, an IPv6 address in [ ]";
    case Form::listener:
      return "smtp: or lmtp: before a Unix path or loopback HOST:PORT";
  }
  return "a value";
}

/// Puts one text into a target of any type. The text has the form of its key.
struct Setter {
  const Key& key;
  std::string text;
  Destination& destination;

  void operator()(std::monostate) const {}
  void operator()(std::string Destination::*member) const { destination.*member = text; }
  void operator()(std::vector<std::string> Destination::*member) const {
    if (key.form == Form::host_names || key.form == Form::user_names || key.form == Form::program)
      destination.*member = base::words_of(text);
    else
      (destination.*member).push_back(text);
  }
  void operator()(std::uint16_t Destination::*member) const {
    destination.*member = static_cast<std::uint16_t>(number());
  }
  void operator()(unsigned Destination::*member) const {
    destination.*member = static_cast<unsigned>(number());
  }
  void operator()(bool Destination::*member) const { destination.*member = text == "yes"; }
  void operator()(std::chrono::seconds Destination::*member) const {
    destination.*member = std::chrono::seconds(number());
  }
  void operator()(AddressFamily Destination::*member) const {
    const Family* const family = find_family(text);
    destination.*member = family == nullptr ? AddressFamily::any : family->family;
  }
  void operator()(std::optional<SmtpAddress> Destination::*member) const {
    const auto port = base::parse_number(port_behind_host(text), 65535).value_or(0);
    destination.*member = SmtpAddress{std::string(host_before_port(text).value_or("")),
                                      static_cast<std::uint16_t>(port), text};
  }

  [[nodiscard]] unsigned long number() const {
    return base::parse_number(text, key.range.max).value_or(key.range.min);
  }
};

std::string absolute(std::string_view path, std::string_view directory) {
  return path.starts_with('/') ? std::string(path) : concat({directory, "/", path});
}

}  // namespace

std::string fault_of(const Key& key, std::string_view value) {
  if (is_good(key, value)) return {};
  return concat({key.name, ": ", base::quoted(value, max_shown), " is not ", wanted(key)});
}

void apply(const Key& key, std::string_view value, std::string_view directory,
           Destination& destination) {
  std::string text = key.form == Form::path ? absolute(value, directory) : std::string(value);
  std::visit(Setter{key, std::move(text), destination}, key.target);
}

}  // namespace sshsm::config
