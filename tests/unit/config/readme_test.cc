#include "base/text.h"
#include "config/keys.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>

using namespace sshsm::config;
using sshsm::base::concat;

namespace {

std::string readme() {
  std::ifstream file(SSHSM_README);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The key's line in the README's table, as it must stand there.
std::string row_of(const Key& key) {
  const std::string value = key.is_required             ? "required"
                            : key.default_value.empty() ? "–"
                                                        : concat({"`", key.default_value, "`"});
  return concat({"| `", key.name, "` | ", value, " | ", key.help, " |\n"});
}

}  // namespace

TEST_CASE("the README's table of keys says what the code's table says, and names no other key") {
  const std::string text = readme();
  REQUIRE_FALSE(text.empty());
  for (const Key& key : all_keys())
    CHECK_MESSAGE(text.find(row_of(key)) != std::string::npos, row_of(key));

  const std::size_t first = text.find(row_of(all_keys().front()));
  const std::size_t last = text.find(row_of(all_keys().back()));
  REQUIRE(first < last);
  std::size_t lines = 1;
  for (std::size_t at = first; at < last; ++at) lines += text[at] == '\n' ? 1U : 0U;
  CHECK(lines == all_keys().size());
}
