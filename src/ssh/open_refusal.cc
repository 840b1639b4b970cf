#include "ssh/open_refusal.h"

#include "base/text.h"

#include <cstdint>
#include <limits>

namespace sshsm::ssh {
namespace {

bool take(std::string_view& text, std::string_view beginning) {
  if (!text.starts_with(beginning)) return false;
  text.remove_prefix(beginning.size());
  return true;
}

std::optional<unsigned long> take_number(std::string_view& text) {
  const std::string_view digits = text.substr(0, text.find_first_not_of("0123456789"));
  text.remove_prefix(digits.size());
  return base::parse_number(digits, std::numeric_limits<std::uint32_t>::max());
}

}  // namespace

std::optional<OpenRefusal> read_open_refusal(std::string_view libssh_error) {
  std::string_view rest = libssh_error;
  if (!take(rest, "Channel opening failure: channel ") || !take_number(rest)) return std::nullopt;
  if (!take(rest, " error (")) return std::nullopt;
  const std::optional<unsigned long> reason = take_number(rest);
  if (!reason || !take(rest, ") ")) return std::nullopt;
  return OpenRefusal{*reason, std::string(rest)};
}

}  // namespace sshsm::ssh
