#include "admin/settings.h"

#include "admin/mail_user.h"
#include "admin/output.h"
#include "base/text.h"
#include "config/keys.h"
#include "config/settings.h"
#include "mailer/configuration.h"
#include "privilege/trusted_file.h"

#include <algorithm>

namespace sshsm::admin {
namespace {

using base::concat;
using config::ConfigText;

constexpr std::size_t place_column = 48;
constexpr std::size_t max_line = 8192;

/// As the reader of configuration files takes it back.
std::string in_quotes_if_need_be(const std::string& value) {
  if (value.find_first_of("#\"'") == std::string::npos) return value;
  const std::string_view quote = value.find('"') == std::string::npos ? "\"" : "'";
  return concat({quote, value, quote});
}

std::string value_of(const config::Key& key, const std::string& value, std::string_view directory) {
  const bool is_relative = key.form == config::Form::path && !value.starts_with('/');
  return in_quotes_if_need_be(is_relative ? concat({directory, "/", value}) : value);
}

std::string line_of(const config::Key& key, const config::Setting& setting,
                    std::string_view directory) {
  std::string line = concat({key.name, " = ", value_of(key, setting.value, directory)});
  line.resize(std::max(line.size() + 1, place_column), ' ');
  return concat({line, "# ", setting.place.empty() ? "default" : setting.place});
}

}  // namespace

std::vector<std::string> lines_of_settings(std::string_view directory, const ConfigText& own,
                                           const std::optional<ConfigText>& defaults) {
  const config::Settings settings(own, defaults);
  // The one excludes the other: a default that does not count would be an error if read back.
  const bool has_command = settings.of("smtp-address").empty();
  std::vector<std::string> lines;
  for (const config::Key& key : config::all_keys()) {
    const bool counts = key.name != "command" || has_command;
    if (settings.of(key.name).empty() || !counts)
      lines.push_back(concat({"# ", key.name, " is not set"}));
    else
      for (const config::Setting& setting : settings.of(key.name))
        lines.push_back(line_of(key, setting, directory));
  }
  return lines;
}

int show_settings(const Arguments& arguments) {
  const std::string& name = checked_destination(arguments);
  const Place place = find_place(arguments, Directory::exists);
  as_mail_user(
      place,
      [&](const Hear& tell) {
        // What is wrong with them is told in the mailer's words.
        [[maybe_unused]] const config::Destination checked =
            mailer::read_own_destination(place.directory, name, place.caller);
        const std::string path = mailer::configuration_path(place.directory, name);
        const ConfigText own{path,
                             privilege::read_trusted_file(path, privilege::configuration_rules)};
        const std::optional<ConfigText> defaults =
            mailer::read_defaults(place.directory, privilege::configuration_rules);
        for (const std::string& line : lines_of_settings(place.directory, own, defaults))
          tell(line);
      },
      [](std::string_view line) { print(base::printable(line, max_line) + "\n"); });
  return 0;
}

}  // namespace sshsm::admin
