#include "admin/listing.h"

#include "admin/mail_user.h"
#include "admin/output.h"
#include "base/failure.h"
#include "base/text.h"
#include "mailer/configuration.h"
#include "mailer/host_pins.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <memory>

namespace sshsm::admin {
namespace {

using base::Cause;
using base::concat;
using base::Failure;

constexpr std::string_view ending = ".conf";
constexpr std::size_t name_width = 16;
constexpr std::size_t max_line = 1000;
/// The first byte of a record says whether the friend of its line is well.
constexpr std::string_view is_well = "+";
constexpr std::string_view is_broken = "-";

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { closedir(directory); }
};

std::vector<std::string> names_in(const std::string& path) {
  const std::unique_ptr<DIR, CloseDirectory> directory(opendir(path.c_str()));
  if (!directory)
    throw Failure(Cause::configuration_missing,
                  concat({path, ": ", base::system_error_text(errno)}));
  std::vector<std::string> names;
  while (const dirent* const entry = readdir(directory.get())) names.emplace_back(entry->d_name);
  return names;
}

/// `12 days old`
std::string age_of_key(const config::Destination& destination) {
  constexpr std::time_t day = 24 * 3600;
  struct stat status {};
  if (stat(destination.identity_file.c_str(), &status) != 0)
    throw Failure(Cause::key_missing,
                  concat({destination.identity_file, ": ", base::system_error_text(errno)}));
  const std::time_t age = std::max<std::time_t>(std::time(nullptr) - status.st_mtime, 0) / day;
  return concat({std::to_string(age), age == 1 ? " day old" : " days old"});
}

/// Each once: a host-key setting pins all hosts.
std::string pins_of(const config::Destination& destination) {
  const auto files = mailer::read_known_hosts(destination, destination.host_keys.empty());
  std::vector<std::string> summaries;
  for (const trust::Pins& pins : mailer::pins_of_hosts(destination, files))
    if (std::find(summaries.begin(), summaries.end(), pins.summary()) == summaries.end())
      summaries.push_back(pins.summary());
  std::string text;
  for (const std::string& summary : summaries)
    if (!summary.empty()) text += concat({text.empty() ? "" : ", ", summary});
  return text;
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size() + 1, width), ' ');
  return text;
}

std::string line_of(const config::Destination& destination) {
  std::string hosts;
  for (const std::string& host : destination.hosts)
    hosts += concat({hosts.empty() ? "" : ", ", host});
  const std::string port =
      destination.port == 22 ? "" : " port " + std::to_string(destination.port);
  return concat({padded(destination.name, name_width), destination.user, " at ", hosts, port, ", ",
                 pins_of(destination), ", our key ", age_of_key(destination)});
}

/// A record: a mark and a line.
std::string record_of(const Place& place, const std::string& name) {
  std::string host;
  try {
    const config::Destination destination =
        mailer::read_own_destination(place.directory, name, place.caller);
    host = destination.hosts.front();
    return concat({is_well, line_of(destination)});
  } catch (const Failure& failure) {
    return concat({is_broken, padded(name, name_width), describe(failure, name, host)});
  }
}

void tell_all(const Place& place, const Hear& tell) {
  const std::vector<std::string> names = destinations_among(names_in(place.directory));
  const std::size_t count = std::min(names.size(), max_listed);
  for (std::size_t i = 0; i < count; ++i) tell(record_of(place, names[i]));
  if (names.size() > count)
    tell(concat({is_broken, "and ", std::to_string(names.size() - count), " more"}));
  if (names.empty())
    tell(concat({is_well, "no destination in ", place.directory, "; sshsmctl enrol makes one"}));
}

}  // namespace

std::vector<std::string> destinations_among(std::vector<std::string> names) {
  std::vector<std::string> destinations;
  for (std::string& name : names) {
    if (!name.ends_with(ending)) continue;
    name.resize(name.size() - ending.size());
    if (config::is_destination_name(name)) destinations.push_back(std::move(name));
  }
  std::sort(destinations.begin(), destinations.end());
  return destinations;
}

int list(const Arguments& arguments) {
  const Place place = find_place(arguments, Directory::exists);
  int status = 0;
  as_mail_user(
      place, [&](const Hear& tell) { tell_all(place, tell); },
      [&](std::string_view record) {
        if (!record.starts_with(is_well)) status = 1;
        print(base::printable(record.substr(std::min<std::size_t>(record.size(), 1)), max_line) +
              "\n");
      });
  return status;
}

}  // namespace sshsm::admin
