#include "admin/trust_table.h"

#include "admin/host_names.h"
#include "base/text.h"

#include <algorithm>

namespace sshsm::admin {
namespace {

using base::concat;

constexpr std::size_t type_width = 7;  // ED25519

std::string_view state_of(const KeyFact& fact, bool is_host_asked) {
  if (fact.is_revoked) return fact.is_offered ? "revoked, offered" : "revoked";
  if (!fact.is_pinned) return "offered, not pinned";
  if (fact.is_offered) return "pinned, offered";
  return is_host_asked ? "pinned, not offered" : "pinned";
}

std::string row_of(const KeyFact& fact, bool is_host_asked) {
  const std::string name = trust::name_of(fact.key);
  const std::size_t blank = name.find(' ');
  std::string type = name.substr(0, blank);
  type.resize(std::max(type.size(), type_width), ' ');
  return concat(
      {"  ", type, "  ", name.substr(blank + 1), "  ", state_of(fact, is_host_asked), "\n"});
}

}  // namespace

std::string trust_table(const config::Destination& destination, const Survey& survey) {
  std::string text;
  for (std::size_t index = 0; index < destination.hosts.size(); ++index) {
    const auto is_of_host = [&](const KeyFact& fact) { return fact.host_index == index; };
    const bool is_asked =
        std::any_of(survey.keys.begin(), survey.keys.end(),
                    [&](const KeyFact& fact) { return is_of_host(fact) && fact.is_offered; });
    text += host_text(destination, index) + "\n";
    for (const KeyFact& fact : survey.keys)
      if (is_of_host(fact)) text += row_of(fact, is_asked);
  }
  return text;
}

bool is_any_proved(const Survey& survey) {
  return std::any_of(survey.keys.begin(), survey.keys.end(),
                     [](const KeyFact& fact) { return fact.is_pinned && fact.is_offered; });
}

}  // namespace sshsm::admin
