#include "privilege/trusted_file.h"

#include "base/descriptor.h"
#include "base/failure.h"
#include "base/text.h"
#include "privilege/account.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>

namespace sshsm::privilege {
namespace {

using base::Cause;
using base::concat;
using base::Failure;

constexpr std::size_t max_configuration_size = 64 * 1024;
constexpr std::size_t max_key_size = 64 * 1024;
constexpr std::size_t max_known_hosts_size = 16 * 1024 * 1024;
constexpr std::size_t read_size = 64 * 1024;

constexpr uid_t root_user = 0;
constexpr mode_t permission_bits = 07777;
constexpr mode_t written_by_others = S_IWGRP | S_IWOTH;
constexpr mode_t any_by_others = S_IRWXG | S_IRWXO;

[[noreturn]] void refuse(Cause cause, const std::string& path, std::string_view why) {
  throw Failure(cause, concat({path, ": ", why}));
}

std::string mode_text(mode_t mode) {
  std::array<char, 16> digits{};
  std::snprintf(digits.data(), digits.size(), "%04o", mode & permission_bits);
  return concat({"mode ", digits.data()});
}

/// A set-id copy that a stranger calls runs with his group, so passwd is asked and not getegid(2).
bool is_mail_users_group(gid_t group) {
  const auto account = find_account(geteuid());
  return account && account->group == group;
}

/// Root keeps the key where the mail user can read but not replace it.
bool is_root_key_for_mail_user(const struct stat& status) {
  return status.st_uid == root_user && (status.st_mode & any_by_others) == S_IRGRP &&
         is_mail_users_group(status.st_gid);
}

void check_owner(const struct stat& status, const std::string& path, const FileRules& rules) {
  const bool is_ours = !rules.must_be_root_owned && status.st_uid == geteuid();
  if (status.st_uid != root_user && !is_ours)
    refuse(rules.untrusted, path, concat({"owned by uid ", std::to_string(status.st_uid)}));
}

void check_mode(const struct stat& status, const std::string& path, const FileRules& rules) {
  const mode_t forbidden = rules.is_secret ? any_by_others : written_by_others;
  if ((status.st_mode & forbidden) == 0) return;
  if (rules.is_secret && is_root_key_for_mail_user(status)) return;
  refuse(rules.untrusted, path, mode_text(status.st_mode));
}

void check(int file, const std::string& path, const FileRules& rules) {
  struct stat status {};
  if (fstat(file, &status) != 0) refuse(rules.unreadable, path, base::system_error_text(errno));
  if (!S_ISREG(status.st_mode)) refuse(rules.unreadable, path, "not a regular file");
  check_owner(status, path, rules);
  check_mode(status, path, rules);
}

/// Counts what comes and does not believe the size that the file claims.
std::string read_to_end(int file, const std::string& path, const FileRules& rules) {
  std::string text;
  std::array<char, read_size> piece;
  for (;;) {
    const ssize_t count = read(file, piece.data(), piece.size());
    if (count < 0) refuse(rules.unreadable, path, base::system_error_text(errno));
    if (count == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(count));
    if (text.size() > rules.max_size)
      refuse(rules.unreadable, path,
             concat({"larger than ", std::to_string(rules.max_size), " bytes"}));
  }
}

/// O_NONBLOCK: opening a FIFO or a device must not make us wait for its other end.
base::Descriptor open_for_reading(const std::string& path) noexcept {
  return base::Descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
}

/// A link to nothing is a mistake or a file system that is not mounted, and not an absent file: the
/// revoked keys that it leads to would silently not count.
bool is_dangling_link(const std::string& path) noexcept {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0;
}

std::string read_checked(int file, const std::string& path, const FileRules& rules) {
  check(file, path, rules);
  return read_to_end(file, path, rules);
}

}  // namespace

const FileRules configuration_rules{.is_secret = false,
                                    .must_be_root_owned = false,
                                    .max_size = max_configuration_size,
                                    .unreadable = Cause::configuration_missing,
                                    .untrusted = Cause::configuration_untrusted};
const FileRules root_configuration_rules{.is_secret = false,
                                         .must_be_root_owned = true,
                                         .max_size = max_configuration_size,
                                         .unreadable = Cause::configuration_missing,
                                         .untrusted = Cause::configuration_untrusted};
const FileRules certificate_rules{.is_secret = false,
                                  .must_be_root_owned = false,
                                  .max_size = max_key_size,
                                  .unreadable = Cause::certificate_invalid,
                                  .untrusted = Cause::configuration_untrusted};
const FileRules private_key_rules{.is_secret = true,
                                  .must_be_root_owned = false,
                                  .max_size = max_key_size,
                                  .unreadable = Cause::key_missing,
                                  .untrusted = Cause::key_untrusted};
// Pins that strangers can write are a fault of the configuration: causes.h has no row of their own.
const FileRules known_hosts_rules{.is_secret = false,
                                  .must_be_root_owned = false,
                                  .max_size = max_known_hosts_size,
                                  .unreadable = Cause::known_hosts_unreadable,
                                  .untrusted = Cause::configuration_untrusted};

std::string read_trusted_file(const std::string& path, const FileRules& rules) {
  const base::Descriptor file = open_for_reading(path);
  if (!file) refuse(rules.unreadable, path, base::system_error_text(errno));
  return read_checked(file.get(), path, rules);
}

std::optional<std::string> read_trusted_file_if_any(const std::string& path,
                                                    const FileRules& rules) {
  const base::Descriptor file = open_for_reading(path);
  if (file) return read_checked(file.get(), path, rules);
  const int error = errno;
  if (error == ENOENT && !is_dangling_link(path)) return std::nullopt;
  refuse(rules.unreadable, path, base::system_error_text(error));
}

}  // namespace sshsm::privilege
