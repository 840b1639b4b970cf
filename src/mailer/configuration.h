#pragma once

#include "config/destination.h"
#include "privilege/identity.h"
#include "privilege/trusted_file.h"
#include "trust/pins.h"

#include <optional>
#include <string>
#include <vector>

namespace sshsm::mailer {

/// `path`, from the working directory on where it is relative. Throws `Failure` bad_arguments.
[[nodiscard]] std::string absolute(const std::string& path);

/// Where the configuration lies: `option`, the value of --config-dir, or the built-in directory
/// where it is empty. Throws `Failure` bad_arguments for a foreign caller, configuration_missing
/// where it does not exist.
[[nodiscard]] std::string configuration_directory(const std::string& option,
                                                  const privilege::Caller& caller);

/// `DIRECTORY/NAME.conf`
[[nodiscard]] std::string configuration_path(const std::string& directory, const std::string& name);

/// sshsm.conf, if there is one. Throws the configuration causes.
[[nodiscard]] std::optional<config::ConfigText> read_defaults(const std::string& directory,
                                                              const privilege::FileRules& rules);

/// Whom root becomes: only root's own sshsm.conf may say it. Throws the configuration causes.
[[nodiscard]] std::string run_as(const std::string& directory);

/// DEST.conf over sshsm.conf, as the process's own user may read them; where they do not say what
/// EHLO is to say, it is `own_host_name`. Throws the configuration causes.
[[nodiscard]] config::Destination read_own_destination(const std::string& directory,
                                                       const std::string& name,
                                                       const privilege::Caller& caller);

/// The files of `known-hosts-file`. The default one, which nobody asked for, may be missing unless
/// it `is_needed`. Throws `Failure` known_hosts_unreadable and configuration_untrusted.
[[nodiscard]] std::vector<trust::KnownHostsFile> read_known_hosts(
    const config::Destination& destination, bool is_needed);

/// What EHLO says where the configuration does not: sendmail, Exim and Postfix log it, and no more.
[[nodiscard]] std::string own_host_name();

}  // namespace sshsm::mailer
