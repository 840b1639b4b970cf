#include "mailer/configuration.h"

#include "base/failure.h"
#include "base/text.h"
#include "build_settings.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <utility>

namespace sshsm::mailer {

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

std::string configuration_directory(const std::string& option, const privilege::Caller& caller) {
  if (option.empty()) return SSHSM_CONFIG_DIR;
  if (caller.is_foreign())
    throw Failure(Cause::bad_arguments, "--config-dir is only for root and the mail user");
  std::string directory = absolute(option);
  // Told here, since what is missed first in it may be run-as, which is no help.
  if (access(directory.c_str(), F_OK) != 0)
    throw Failure(Cause::configuration_missing,
                  base::concat({directory, ": ", base::system_error_text(errno)}));
  return directory;
}

std::string configuration_path(const std::string& directory, const std::string& name) {
  return base::concat({directory, "/", name, ".conf"});
}

std::optional<ConfigText> read_defaults(const std::string& directory,
                                        const privilege::FileRules& rules) {
  const std::string path = configuration_path(directory, "sshsm");
  std::optional<std::string> text = privilege::read_trusted_file_if_any(path, rules);
  if (!text) return std::nullopt;
  return ConfigText{path, *std::move(text)};
}

std::string run_as(const std::string& directory) {
  const std::optional<ConfigText> defaults =
      read_defaults(directory, privilege::root_configuration_rules);
  if (!defaults) return SSHSM_MAIL_USER;
  return config::read_run_as(*defaults).value_or(SSHSM_MAIL_USER);
}

config::Destination read_own_destination(const std::string& directory, const std::string& name,
                                         const privilege::Caller& caller) {
  const std::string path = configuration_path(directory, name);
  const ConfigText own{path, privilege::read_trusted_file(path, privilege::configuration_rules)};
  config::Destination destination = config::read_destination(
      name, directory, own, read_defaults(directory, privilege::configuration_rules),
      caller.is_foreign());
  if (destination.helo.empty()) destination.helo = own_host_name();
  return destination;
}

std::vector<trust::KnownHostsFile> read_known_hosts(const config::Destination& destination,
                                                    bool is_needed) {
  std::vector<trust::KnownHostsFile> files;
  for (const std::string& path : destination.known_hosts_files) {
    const bool may_be_missing = destination.known_hosts_is_default && !is_needed;
    std::optional<std::string> text =
        may_be_missing ? read_trusted_file_if_any(path, privilege::known_hosts_rules)
                       : read_trusted_file(path, privilege::known_hosts_rules);
    if (text) files.push_back({path, *std::move(text)});
  }
  return files;
}

std::string own_host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name.front() == '\0') return "localhost";
  return name.data();
}

}  // namespace sshsm::mailer
