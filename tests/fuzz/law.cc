#include "law.h"

#include "base/text.h"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace sshsm::fuzz {

void require(bool holds, std::string_view law, std::string_view seen) {
  if (!holds) break_law(law, seen);
}

void break_law(std::string_view law, std::string_view seen) {
  constexpr std::size_t max_shown = 400;
  std::string words = "a law is broken: ";
  words += law;
  if (!seen.empty()) words += ": " + base::quoted(seen, max_shown);
  std::fprintf(stderr, "%s\n", words.c_str());
  std::abort();
}

}  // namespace sshsm::fuzz
