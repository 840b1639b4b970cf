#include "mailer/setup.h"

#include "base/failure.h"
#include "base/text.h"
#include "mailer/configuration.h"
#include "mailer/host_pins.h"
#include "privilege/trusted_file.h"
#include "ssh/session.h"
#include "trust/libcrypto.h"

#include <utility>

namespace sshsm::mailer {

using base::Cause;
using base::Failure;

namespace {

ssh::ClientKey make_key(const config::Destination& destination, KeyTexts texts) {
  return {destination.identity_file, std::move(texts.key), destination.certificate_file,
          texts.certificate};
}

}  // namespace

config::Destination load_destination(const Arguments& arguments, const privilege::Caller& caller) {
  if (!config::is_destination_name(arguments.destination))
    throw Failure(Cause::bad_destination, base::quoted(arguments.destination, 64));
  if (!arguments.rest_file.empty() && caller.is_foreign())
    throw Failure(Cause::bad_arguments, "--rest is only for root and the mail user");
  const std::string directory = configuration_directory(arguments.config_dir, caller);
  privilege::become_mail_user(caller, caller.is_root() ? run_as(directory) : std::string());
  return read_own_destination(directory, arguments.destination, caller);
}

KeyTexts read_key(const config::Destination& destination) {
  KeyTexts texts;
  texts.key = privilege::read_trusted_file(destination.identity_file, privilege::private_key_rules);
  if (!destination.certificate_file.empty())
    texts.certificate =
        privilege::read_trusted_file(destination.certificate_file, privilege::certificate_rules);
  return texts;
}

ssh::ClientKey load_key(const config::Destination& destination) {
  return make_key(destination, read_key(destination));
}

Setup make_setup(config::Destination destination,
                 const std::vector<trust::KnownHostsFile>& known_hosts, KeyTexts key_texts) {
  std::vector<trust::Pins> pins = pins_of_hosts(destination, known_hosts);
  ssh::ClientKey key = make_key(destination, std::move(key_texts));
  return {std::move(destination), std::move(pins), std::move(key)};
}

Setup load_setup(config::Destination destination) {
  trust::prepare_libcrypto();
  ssh::require_known_algorithms(destination);
  const std::vector<trust::KnownHostsFile> known_hosts =
      read_known_hosts(destination, destination.host_keys.empty());
  // The pins are judged first: who has none need not be told of his key.
  std::vector<trust::Pins> pins = pins_of_hosts(destination, known_hosts);
  ssh::ClientKey key = load_key(destination);
  return {std::move(destination), std::move(pins), std::move(key)};
}

}  // namespace sshsm::mailer
