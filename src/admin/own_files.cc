#include "admin/own_files.h"

#include "admin/mail_user.h"
#include "mailer/configuration.h"
#include "privilege/trusted_file.h"

#include <optional>
#include <utility>

namespace sshsm::admin {
namespace {

/// What a record of the child is, by its first character.
constexpr char own_record = 'o';
constexpr char defaults_record = 'd';

void tell_texts(const Place& place, const std::string& path, const Hear& tell) {
  tell(own_record + privilege::read_trusted_file(path, privilege::configuration_rules));
  if (const auto defaults = mailer::read_defaults(place.directory, privilege::configuration_rules))
    tell(defaults_record + defaults->text);
}

}  // namespace

OwnFiles read_own_files(const Place& place, const std::string& name) {
  OwnFiles files;
  files.own.path = mailer::configuration_path(place.directory, name);
  std::optional<config::ConfigText> defaults;
  as_mail_user(
      place, [&](const Hear& tell) { tell_texts(place, files.own.path, tell); },
      [&](std::string_view record) {
        if (record.empty()) return;
        std::string text(record.substr(1));
        if (record.front() == own_record)
          files.own.text = std::move(text);
        else
          defaults = config::ConfigText{mailer::configuration_path(place.directory, "sshsm"),
                                        std::move(text)};
      });
  files.destination = config::read_destination(name, place.directory, files.own, defaults, false);
  return files;
}

}  // namespace sshsm::admin
