#include "mailer/setup.h"

#include "base/failure.h"
#include "base/text.h"
#include "build_settings.h"
#include "mailer/host_pins.h"
#include "privilege/trusted_file.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <optional>
#include <utility>

namespace sshsm::mailer {
namespace {

using base::Cause;
using base::Failure;
using config::ConfigText;

std::string absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  std::array<char, PATH_MAX> here{};
  if (getcwd(here.data(), here.size()) == nullptr)
    throw Failure(Cause::bad_arguments, "no working directory for a relative --config-dir");
  return base::concat({here.data(), "/", path});
}

std::string directory_of(const Arguments& arguments, const privilege::Caller& caller) {
  if (arguments.config_dir.empty()) return SSHSM_CONFIG_DIR;
  if (caller.is_foreign())
    throw Failure(Cause::bad_arguments, "--config-dir is only for root and the mail user");
  std::string directory = absolute(arguments.config_dir);
  // Told here, since what is missed first in it may be run-as, which is no help.
  if (access(directory.c_str(), F_OK) != 0)
    throw Failure(Cause::configuration_missing,
                  base::concat({directory, ": ", base::system_error_text(errno)}));
  return directory;
}

std::optional<ConfigText> read_defaults(const std::string& directory,
                                        const privilege::FileRules& rules) {
  const std::string path = directory + "/sshsm.conf";
  std::optional<std::string> text = privilege::read_trusted_file_if_any(path, rules);
  if (!text) return std::nullopt;
  return ConfigText{path, *std::move(text)};
}

/// Only root's own file may say whom root becomes.
std::string run_as(const std::string& directory) {
  const std::optional<ConfigText> defaults =
      read_defaults(directory, privilege::root_configuration_rules);
  if (!defaults) return SSHSM_MAIL_USER;
  return config::read_run_as(*defaults).value_or(SSHSM_MAIL_USER);
}

std::vector<trust::KnownHostsFile> read_known_hosts(const config::Destination& destination) {
  std::vector<trust::KnownHostsFile> files;
  for (const std::string& path : destination.known_hosts_files) {
    // The file that nobody asked for may be missing where the pins stand in the configuration.
    const bool may_be_missing =
        destination.known_hosts_is_default && !destination.host_keys.empty();
    std::optional<std::string> text =
        may_be_missing ? read_trusted_file_if_any(path, privilege::known_hosts_rules)
                       : read_trusted_file(path, privilege::known_hosts_rules);
    if (text) files.push_back({path, *std::move(text)});
  }
  return files;
}

ssh::ClientKey load_key(const config::Destination& destination) {
  std::string text =
      privilege::read_trusted_file(destination.identity_file, privilege::private_key_rules);
  std::string certificate;
  if (!destination.certificate_file.empty())
    certificate =
        privilege::read_trusted_file(destination.certificate_file, privilege::certificate_rules);
  return {destination.identity_file, std::move(text), destination.certificate_file, certificate};
}

/// What EHLO says where the configuration does not: sendmail, Exim and Postfix log it, and no more.
std::string own_host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name.front() == '\0') return "localhost";
  return name.data();
}

}  // namespace

config::Destination load_destination(const Arguments& arguments, const privilege::Caller& caller) {
  if (!config::is_destination_name(arguments.destination))
    throw Failure(Cause::bad_destination, base::quoted(arguments.destination, 64));
  if (!arguments.rest_file.empty() && caller.is_foreign())
    throw Failure(Cause::bad_arguments, "--rest is only for root and the mail user");
  const std::string directory = directory_of(arguments, caller);
  privilege::become_mail_user(caller, caller.is_root() ? run_as(directory) : std::string());
  const std::string path = base::concat({directory, "/", arguments.destination, ".conf"});
  const ConfigText own{path, privilege::read_trusted_file(path, privilege::configuration_rules)};
  return config::read_destination(arguments.destination, directory, own,
                                  read_defaults(directory, privilege::configuration_rules),
                                  caller.is_foreign());
}

Setup load_setup(config::Destination destination) {
  if (destination.helo.empty()) destination.helo = own_host_name();
  std::vector<trust::Pins> pins = pins_of_hosts(destination, read_known_hosts(destination));
  ssh::ClientKey key = load_key(destination);
  return {std::move(destination), std::move(pins), std::move(key)};
}

}  // namespace sshsm::mailer
