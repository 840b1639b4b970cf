#include "mailer/host_pins.h"

#include "base/failure.h"
#include "base/text.h"

#include <algorithm>
#include <cstddef>

namespace sshsm::mailer {
namespace {

using base::Cause;
using base::concat;
using base::Failure;

void append(std::string& list, const std::string& item) {
  list += concat({list.empty() ? "" : ", ", item});
}

/// The names that were looked up for the hosts without a pin: an alias stands for all of them.
std::string names_without_pin(const config::Destination& destination,
                              std::span<const trust::Pins> pins) {
  if (!destination.host_key_alias.empty()) return destination.host_key_alias;
  std::string names;
  for (std::size_t i = 0; i < pins.size(); ++i)
    if (pins[i].revoked_pins().empty()) append(names, destination.hosts[i]);
  return names;
}

[[noreturn]] void refuse_unpinned(const config::Destination& destination,
                                  std::span<const trust::Pins> pins,
                                  std::span<const trust::KnownHostsFile> files) {
  std::string places;
  for (const trust::KnownHostsFile& file : files) places += " " + file.path;
  throw Failure(Cause::host_key_unpinned,
                concat({names_without_pin(destination, pins), " port ",
                        std::to_string(destination.port), " in", places}));
}

/// A revocation is the graver news, and its remedy covers the hosts that never had a pin.
[[noreturn]] void refuse_revoked(const config::Destination& destination,
                                 std::span<const trust::Pins> pins) {
  if (pins.size() == 1 || !destination.host_key_alias.empty())
    throw Failure(Cause::host_key_revoked, concat({"pinned ", pins.front().revoked_pins()}));
  std::string detail;
  for (std::size_t i = 0; i < pins.size(); ++i)
    if (!pins[i].revoked_pins().empty())
      append(detail, concat({"pinned for ", destination.hosts[i], " ", pins[i].revoked_pins()}));
  const std::string rest = names_without_pin(destination, pins);
  if (!rest.empty()) append(detail, "none for " + rest);
  throw Failure(Cause::host_key_revoked, detail);
}

}  // namespace

std::vector<trust::Pins> pins_of_hosts(const config::Destination& destination,
                                       std::span<const trust::KnownHostsFile> files) {
  std::vector<trust::Pins> pins;
  for (const std::string& host : destination.hosts)
    pins.emplace_back(trust::Subject{host, destination.port, destination.host_key_alias}, files,
                      destination.host_keys);
  if (!std::all_of(pins.begin(), pins.end(), [](const trust::Pins& one) { return one.empty(); }))
    return pins;
  if (std::all_of(pins.begin(), pins.end(),
                  [](const trust::Pins& one) { return one.revoked_pins().empty(); }))
    refuse_unpinned(destination, pins, files);
  refuse_revoked(destination, pins);
}

std::vector<std::string> remarks_of(std::span<const trust::Pins> pins) {
  std::vector<std::string> remarks;
  for (const trust::Pins& one : pins)
    for (const std::string& remark : one.remarks())
      if (std::find(remarks.begin(), remarks.end(), remark) == remarks.end())
        remarks.push_back(remark);
  return remarks;
}

}  // namespace sshsm::mailer
