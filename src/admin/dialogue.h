#pragma once

#include "admin/survey.h"
#include "config/destination.h"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::admin {

/// Wrong answers after which nothing more is asked.
inline constexpr unsigned max_tries = 3;

/// The person at the terminal.
struct Person {
  std::function<void(std::string_view)> show;
  std::function<std::optional<std::string>()> answer;  ///< nothing: he has gone
};

/// Asks for a fingerprint as the friend read it out, and gives the offered, unrevoked keys that
/// have it. None of ours is shown before that: who sees it will type it, or nod. Throws `Refusal`
/// after `max_tries` wrong answers, or where nobody answers.
[[nodiscard]] std::vector<KeyFact> ask_for_fingerprint(const Person& person,
                                                       const config::Destination& destination,
                                                       const std::vector<KeyFact>& keys);

}  // namespace sshsm::admin
