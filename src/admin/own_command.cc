#include "admin/own_command.h"

#include "base/text.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace sshsm::admin {
namespace {

std::string random_word() {
  constexpr std::string_view letters = "abcdefghijklmnop";
  std::array<std::uint8_t, 12> random{};
  // Never fails for so few octets (getrandom(2)); without chance it would still be a word.
  [[maybe_unused]] const ssize_t size = getrandom(random.data(), random.size(), 0);
  std::string word = "sshsm-check-";
  for (const std::uint8_t byte : random) word += letters[byte % letters.size()];
  return word;
}

template <typename Predicate>
bool has_line(std::string_view output, Predicate is_wanted) {
  while (!output.empty()) {
    const std::string_view line = output.substr(0, output.find('\n'));
    if (is_wanted(line)) return true;
    output.remove_prefix(std::min(line.size() + 1, output.size()));
  }
  return false;
}

}  // namespace

OwnCommand::OwnCommand() : word_(random_word()) {}

bool OwnCommand::has_run(std::string_view output) const {
  return has_line(output, [this](std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    return base::trimmed(line) == word_;
  });
}

bool has_greeting(std::string_view output) {
  constexpr std::size_t code_size = 3;
  return has_line(output, [](std::string_view line) {
    return line.size() > code_size && line[0] >= '2' && line[0] <= '5' && base::is_digit(line[1]) &&
           base::is_digit(line[2]) && (line[3] == ' ' || line[3] == '-');
  });
}

}  // namespace sshsm::admin
