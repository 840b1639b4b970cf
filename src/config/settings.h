#pragma once

#include "config/destination.h"
#include "config/keys.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::config {

/// How often a repeatable key may be set in one file.
inline constexpr std::size_t max_repetitions = 64;

/// One value of a key.
struct Setting {
  std::string value;
  std::string place;  ///< `file:line`, or empty for the default
};

/// What counts for each key: the settings of DEST.conf, or else those of sshsm.conf, or else the
/// default. For a repeatable key too the settings of DEST.conf replace those of sshsm.conf, all of
/// them, as is Boost.Program_options' rule (`store`): so a friend's own pins never mix with others.
class Settings {
 public:
  /// Both files are read whole and checked, also where a setting does not count in the end. Throws
  /// `Failure` configuration_invalid with `file:line: sentence`.
  Settings(const ConfigText& own, const std::optional<ConfigText>& defaults);
  /// sshsm.conf alone.
  explicit Settings(const ConfigText& defaults);

  /// Empty where a key is not set and has no default.
  [[nodiscard]] const std::vector<Setting>& of(std::string_view key) const;

 private:
  std::map<std::string_view, std::vector<Setting>> settings_;
};

}  // namespace sshsm::config
