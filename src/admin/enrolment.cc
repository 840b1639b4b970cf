#include "admin/enrolment.h"

#include "admin/configuration_text.h"
#include "admin/confirmation.h"
#include "admin/host_names.h"
#include "admin/instructions.h"
#include "admin/our_key.h"
#include "admin/output.h"
#include "admin/place.h"
#include "admin/refusal.h"
#include "admin/written_file.h"
#include "base/text.h"
#include "config/destination.h"
#include "config/keys.h"
#include "config/values.h"
#include "mailer/configuration.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace sshsm::admin {
namespace {

using base::concat;

constexpr mode_t configuration_mode = 0644;

/// The configuration's own rules, in the words of the option.
void check_value(std::string_view key, const std::string& value) {
  if (value.empty()) return;
  const std::string fault = config::fault_of(*config::find_key(key), value);
  if (!fault.empty()) throw Refusal("--" + fault);
}

void check_values(const Arguments& arguments) {
  if (arguments.hosts.empty()) throw Refusal("enrol needs --host, where the friend's sshd is");
  if (arguments.user.empty()) throw Refusal("enrol needs --user, the login there");
  std::string hosts;
  for (const std::string& host : arguments.hosts) hosts += concat({hosts.empty() ? "" : " ", host});
  check_value("host", hosts);
  check_value("user", arguments.user);
  check_value("port", arguments.port);
  check_value("smtp-address", arguments.smtp_address);
}

void check_absent(const std::string& path, const Arguments& arguments) {
  struct stat status {};
  if (arguments.does_replace || lstat(path.c_str(), &status) != 0) return;
  throw Refusal(concat({path, " is there already; sshsmctl trust ", arguments.destination,
                        " changes its host keys, and --replace writes over it"}));
}

/// sshsm.conf counts for this friend as for the others.
std::optional<config::ConfigText> defaults_of(const Place& place) {
  return mailer::read_defaults(place.directory, place.caller.is_root()
                                                    ? privilege::root_configuration_rules
                                                    : privilege::configuration_rules);
}

config::Destination drafted(const Arguments& arguments, const Place& place, const std::string& path,
                            const std::vector<trust::HostKey>& pins) {
  const config::ConfigText text{path, configuration_text(arguments, pins)};
  return config::read_destination(arguments.destination, place.directory, text, defaults_of(place),
                                  false);
}

std::string directory_of(const std::string& path) {
  return path.substr(0, std::max<std::size_t>(path.find_last_of('/'), 1));
}

/// `sshsm@here.example`: who pasted this line is what the friend will ask in ten years.
std::string key_comment() {
  return "sshsm@" + base::printable(mailer::own_host_name(), config::max_name);
}

/// Makes what is to be made, in the order in which a failure does no harm.
trust::HostKey write_all(const Arguments& arguments, const Place& place,
                         const config::Destination& destination, const std::string& path,
                         std::optional<trust::HostKey> key, const std::vector<KeyFact>& confirmed) {
  make_directory(place.directory);
  if (!key) {
    key = make_our_key(place, destination, key_comment());
    print(concat({"made ", destination.identity_file, ", our key\n"}));
  }
  write_file(path, configuration_text(arguments, keys_of(confirmed)),
             {geteuid(), getegid(), configuration_mode},
             arguments.does_replace ? Existing::replaced : Existing::kept);
  return *key;
}

/// What --as said counts for this command alone; the mailer started by root asks sshsm.conf.
void note_run_as(const Place& place) {
  if (!place.caller.is_root()) return;
  const std::string usual = mailer::run_as(place.directory);
  if (usual == place.mail_user.name) return;
  print(concat({"\nStarted by root, sshsm becomes ", usual, "; for ", place.mail_user.name,
                " write into ", mailer::configuration_path(place.directory, "sshsm"),
                "\n\nrun-as = ", place.mail_user.name, "\n"}));
}

void print_instructions(const Arguments& arguments, const Place& place, const trust::HostKey& key) {
  const std::string line = key_line(key, key_comment(), arguments.smtp_address);
  print(concat({"\n", instructions_for_friend(arguments, line)}));
  const std::string directory = arguments.config_dir.empty() ? "" : place.directory;
  const std::string lines = instructions_for_mail_server(
      arguments.mail_server, arguments.destination, place.mail_user.name, directory);
  if (!lines.empty()) print("\n" + lines);
  note_run_as(place);
  print(concat({"\nThen: sshsmctl ", directory.empty() ? "" : "--config-dir ",
                directory.empty() ? "" : shell_word(directory), directory.empty() ? "" : " ",
                "check ", arguments.destination, "\n"}));
}

}  // namespace

int enrol(const Arguments& arguments) {
  const std::string& name = checked_destination(arguments);
  check_values(arguments);
  const Place place = find_place(arguments, Directory::may_be_missing);
  const std::string path = mailer::configuration_path(place.directory, name);
  check_absent(path, arguments);
  const config::Destination destination = drafted(arguments, place, path, {});
  const Confirmation confirmation(arguments, destination);
  check_writable(place.directory);
  const std::optional<trust::HostKey> key = find_our_key(place, destination);
  if (!key) check_writable(directory_of(destination.identity_file));
  const Survey shown = survey(place, destination, Reach::hosts);
  const std::vector<KeyFact> confirmed = confirmation.confirm(shown);
  // What the mailer will read is read before it is written.
  const config::Destination friend_now = drafted(arguments, place, path, keys_of(confirmed));
  const trust::HostKey ours = write_all(arguments, place, destination, path, key, confirmed);
  print(concat({"wrote ", path, "\n"}));
  print(pinned_text(destination, confirmed) +
        other_keys_text(destination, shown, survey(place, friend_now, Reach::files), confirmed));
  print_instructions(arguments, place, ours);
  return 0;
}

}  // namespace sshsm::admin
