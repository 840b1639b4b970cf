#include "admin/roots_path.h"

#include "admin/refusal.h"
#include "base/text.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <string_view>

namespace sshsm::admin {
namespace {

using base::concat;

constexpr uid_t root_user = 0;
constexpr unsigned max_links = 40;  // the kernel's own limit, path_resolution(7)
constexpr std::size_t max_path = 255;
constexpr mode_t permission_bits = 07777;

[[noreturn]] void refuse(const std::string& path, std::string_view why) {
  throw Refusal(
      concat({"root writes nothing by way of ", base::printable(path, max_path), ": ", why}));
}

[[noreturn]] void refuse_owner(const std::string& path, uid_t owner) {
  refuse(path,
         concat({"it is owned by uid ", std::to_string(owner),
                 ", who could put another in its place; run sshsmctl as that user, or make it "
                 "root's"}));
}

/// In a directory with the sticky bit, such as /tmp, everybody may make names and only their owner
/// may move them.
void check_entry(const std::string& path, const struct stat& status) {
  if (status.st_uid != root_user) refuse_owner(path, status.st_uid);
  if (!S_ISDIR(status.st_mode)) return;
  const bool is_others = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (!is_others || (status.st_mode & S_ISVTX) != 0) return;
  std::array<char, 16> mode{};
  std::snprintf(mode.data(), mode.size(), "%04o", status.st_mode & permission_bits);
  refuse(path, concat({"others may write it, mode ", mode.data(),
                       ", and could put others in the place of our files; take that from them"}));
}

std::string target_of(const std::string& link, const std::string& directory) {
  std::array<char, PATH_MAX> text{};
  const ssize_t size = readlink(link.c_str(), text.data(), text.size());
  if (size < 0) refuse(link, base::system_error_text(errno));
  const std::string_view target(text.data(), static_cast<std::size_t>(size));
  return target.starts_with('/') ? std::string(target) : concat({directory, "/", target});
}

void check_way(std::string_view path, unsigned& links) {
  std::string at;
  while (true) {
    struct stat status {};
    const std::string name = at.empty() ? "/" : at;
    if (lstat(name.c_str(), &status) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return;
      refuse(name, base::system_error_text(errno));
    }
    check_entry(name, status);
    if (S_ISLNK(status.st_mode)) {
      if (++links > max_links) refuse(name, base::system_error_text(ELOOP));
      check_way(target_of(name, at.substr(0, at.rfind('/'))), links);
    }
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    if (path.empty()) return;
    const std::string_view component = path.substr(0, path.find('/'));
    at += concat({"/", component});
    path.remove_prefix(component.size());
  }
}

}  // namespace

void check_roots_path(const std::string& directory) {
  unsigned links = 0;
  if (geteuid() == root_user) check_way(directory, links);
}

}  // namespace sshsm::admin
