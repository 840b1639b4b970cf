#include "smtp/capabilities.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <string_view>

namespace sshsm::smtp {
namespace {

struct Keyword {
  std::string_view word;
  bool Capabilities::*offered;
};

constexpr auto keywords = std::to_array<Keyword>({
    {"PIPELINING", &Capabilities::pipelining},
    {"CHUNKING", &Capabilities::chunking},
    {"SIZE", &Capabilities::size},
    {"8BITMIME", &Capabilities::eight_bit_mime},
    {"DSN", &Capabilities::dsn},
    {"SMTPUTF8", &Capabilities::smtputf8},
    {"ENHANCEDSTATUSCODES", &Capabilities::enhanced_status_codes},
});

std::optional<unsigned long> parse_max_size(std::string_view value) {
  const auto size =
      base::parse_number(base::trimmed(value), std::numeric_limits<unsigned long>::max());
  return size == 0UL ? std::nullopt : size;
}

void read_line(Capabilities& capabilities, std::string_view line) {
  line = base::trimmed(line);
  const std::size_t end = std::min(line.find_first_of(" \t="), line.size());
  const std::string_view word = line.substr(0, end);
  for (const Keyword& keyword : keywords)
    if (base::equals_ignoring_case(word, keyword.word)) capabilities.*keyword.offered = true;
  if (base::equals_ignoring_case(word, "SIZE") && end < line.size())
    capabilities.max_size = parse_max_size(line.substr(end + 1));
}

}  // namespace

Capabilities parse_capabilities(const Reply& reply) {
  Capabilities capabilities;
  for (std::size_t i = 1; i < reply.lines.size(); ++i) read_line(capabilities, reply.lines[i]);
  return capabilities;
}

}  // namespace sshsm::smtp
