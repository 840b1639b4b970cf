#include "admin/our_key.h"

#include "admin/configuration_text.h"
#include "admin/mail_user.h"
#include "admin/refusal.h"
#include "admin/written_file.h"
#include "base/failure.h"
#include "base/text.h"
#include "mailer/setup.h"
#include "ssh/new_key.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace sshsm::admin {
namespace {

using base::Cause;
using base::Failure;

constexpr mode_t secret_mode = 0600;
constexpr mode_t public_mode = 0644;

/// Where the way to the key is closed, to make a key is no help, whatever the mailer would say.
bool is_missing(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0) return false;
  if (errno == EACCES)
    throw Refusal(
        base::concat({"the mail user cannot get at ", path,
                      ": Permission denied; let others search the directories above it"}));
  return errno == ENOENT;
}

void tell_public_half(const config::Destination& destination, const Hear& tell) {
  const std::string& path = destination.identity_file;
  if (is_missing(path)) return;
  const std::optional<trust::HostKey> key = mailer::load_key(destination).public_key();
  if (!key) throw Failure(Cause::key_invalid, path);
  tell(text_of(*key));
}

}  // namespace

std::optional<trust::HostKey> find_our_key(const Place& place,
                                           const config::Destination& destination) {
  std::optional<trust::HostKey> found;
  as_mail_user(
      place, [&](const Hear& tell) { tell_public_half(destination, tell); },
      [&](std::string_view record) {
        const std::vector<std::string> words = base::words_of(record);
        if (words.size() == 2) found = trust::read_pin(words[0], words[1]);
      });
  return found;
}

trust::HostKey make_our_key(const Place& place, const config::Destination& destination,
                            const std::string& comment) {
  const ssh::NewKey made = ssh::make_key();
  const std::string& path = destination.identity_file;
  write_file(path, made.private_text, {place.mail_user.user, place.mail_user.group, secret_mode},
             Existing::kept);
  write_file(path + ".pub", base::concat({text_of(made.public_key), " ", comment, "\n"}),
             {geteuid(), getegid(), public_mode}, Existing::replaced);
  return made.public_key;
}

}  // namespace sshsm::admin
