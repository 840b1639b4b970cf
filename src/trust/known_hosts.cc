#include "trust/known_hosts.h"

#include <algorithm>

namespace sshsm::trust {
namespace {

constexpr std::string_view blanks = " \t";

std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(blanks));
  line.remove_prefix(word.size());
  return word;
}

KnownHostsLine::Marker marker_of(std::string_view word) {
  if (word == "@revoked") return KnownHostsLine::Marker::revoked;
  if (word == "@cert-authority") return KnownHostsLine::Marker::cert_authority;
  return KnownHostsLine::Marker::unknown;
}

KnownHostsLine fields_of(std::string_view line) {
  KnownHostsLine fields;
  fields.names = take_word(line);
  while (fields.names.starts_with('@')) {
    fields.marker = fields.marker == KnownHostsLine::Marker::none ? marker_of(fields.names)
                                                                  : KnownHostsLine::Marker::unknown;
    fields.names = take_word(line);
  }
  fields.type = take_word(line);
  fields.key = take_word(line);
  return fields;
}

}  // namespace

std::string_view KnownHostsLines::take_line() {
  std::string_view line = rest_.substr(0, rest_.find('\n'));
  rest_.remove_prefix(std::min(line.size() + 1, rest_.size()));
  ++number_;
  line = line.substr(0, line.find('\0'));
  return line.substr(0, line.find_last_not_of('\r') + 1);
}

std::optional<KnownHostsLine> KnownHostsLines::next() {
  while (!rest_.empty()) {
    KnownHostsLine fields = fields_of(take_line());
    fields.number = number_;
    if (!fields.names.empty() && !fields.names.starts_with('#')) return fields;
  }
  return std::nullopt;
}

}  // namespace sshsm::trust
