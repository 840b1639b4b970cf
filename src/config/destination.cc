#include "config/destination.h"

#include "base/failure.h"
#include "base/text.h"
#include "config/keys.h"
#include "config/lines.h"
#include "config/settings.h"
#include "config/values.h"

namespace sshsm::config {
namespace {

using base::concat;

// A set-id copy must not run what its caller chose, whatever else the version can do.
void check_caller(const Settings& settings, bool is_foreign_caller) {
  constexpr std::string_view key = "proxy-command";
  if (is_foreign_caller && !settings.of(key).empty())
    refuse(settings.of(key).front().place,
           concat({key, " is only for root and the mail user themselves"}));
}

// The one runs a mail server, the other connects to one. Which of them was meant is not ours to
// guess, whichever file they are in: the wrong one may take this mail by other rules.
void check_ways(const Settings& settings) {
  const Setting& command = settings.of("command").front();
  const std::vector<Setting>& address = settings.of("smtp-address");
  if (!address.empty() && !command.place.empty())
    refuse(address.front().place,
           concat({"smtp-address and command (", command.place, ") cannot both be set"}));
}

void check_required(const Settings& settings, const ConfigText& own) {
  for (const Key& key : all_keys())
    if (key.is_required && settings.of(key.name).empty())
      refuse(base::printable(own.path, 255), concat({key.name, " is missing"}));
}

}  // namespace

bool is_destination_name(std::string_view name) noexcept {
  return base::is_plain_name(name, base::max_named_destination) &&
         name.find("..") == std::string_view::npos && name != "sshsm";
}

Destination read_destination(std::string_view name, std::string_view directory,
                             const ConfigText& own, const std::optional<ConfigText>& defaults,
                             bool is_foreign_caller) {
  const Settings settings(own, defaults);
  check_caller(settings, is_foreign_caller);
  check_required(settings, own);
  check_ways(settings);
  Destination destination;
  destination.name = name;
  for (const Key& key : all_keys())
    for (const Setting& setting : settings.of(key.name))
      apply(key, setting.value, directory, destination);
  destination.known_hosts_is_default = settings.of("known-hosts-file").front().place.empty();
  return destination;
}

std::optional<std::string> read_run_as(const ConfigText& defaults) {
  const Settings settings(defaults);
  const std::vector<Setting>& run_as = settings.of("run-as");
  if (run_as.empty()) return std::nullopt;
  return run_as.front().value;
}

}  // namespace sshsm::config
