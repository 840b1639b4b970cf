#include "admin/written_file.h"

#include "admin/refusal.h"
#include "admin/roots_path.h"
#include "base/descriptor.h"
#include "base/text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace sshsm::admin {
namespace {

using base::concat;

constexpr std::size_t max_path = 255;
constexpr mode_t directory_mode = 0755;
constexpr mode_t text_mode = 0644;

[[noreturn]] void refuse(std::string_view what, const std::string& path, std::string_view why) {
  throw Refusal(concat({"cannot ", what, " ", base::printable(path, max_path), ": ", why}));
}

[[noreturn]] void refuse(std::string_view what, const std::string& path) {
  const int error = errno;
  refuse(what, path, base::system_error_text(error));
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// A name that is removed again unless the file got its own.
class Draft {
 public:
  explicit Draft(const std::string& path) : path_(path), name_(path + ".XXXXXX") {
    file_.reset(mkostemp(name_.data(), O_CLOEXEC));
    if (!file_) refuse("write", path);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() {
    if (!name_.empty()) unlink(name_.c_str());
  }

  void fill(std::string_view text, const Ownership& ownership) const {
    // Mode and owner first: the text may be a secret, and mkostemp gave it to its maker alone.
    if (is_foreign(ownership) && fchown(file_.get(), ownership.user, ownership.group) != 0)
      refuse("write", path_);
    if (fchmod(file_.get(), ownership.mode) != 0) refuse("write", path_);
    while (!text.empty()) {
      const ssize_t written = write(file_.get(), text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) refuse("write", path_);
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (fsync(file_.get()) != 0) refuse("write", path_);
  }

  void take_name(Existing existing) {
    if (existing == Existing::replaced) {
      if (rename(name_.c_str(), path_.c_str()) != 0) refuse("write", path_);
      name_.clear();
    } else if (link(name_.c_str(), path_.c_str()) != 0) {
      refuse("write", path_);
    }
    const base::Descriptor directory(
        open(directory_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory) fsync(directory.get());
  }

 private:
  static bool is_foreign(const Ownership& ownership) {
    return ownership.user != geteuid() || ownership.group != getegid();
  }

  const std::string& path_;
  std::string name_;
  base::Descriptor file_;
};

bool is_directory(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

void check_text_file(int file, const std::string& path, uid_t user) {
  struct stat status {};
  if (fstat(file, &status) != 0) refuse("write", path);
  if (!S_ISREG(status.st_mode)) refuse("write", path, "it is no regular file");
  if (status.st_uid != 0 && status.st_uid != user)
    refuse("write", path, concat({"it is owned by uid ", std::to_string(status.st_uid)}));
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) refuse("write", path, "others may write it");
}

bool ends_inside_line(int file) {
  char last = '\n';
  const off_t size = lseek(file, 0, SEEK_END);
  return size > 0 && pread(file, &last, 1, size - 1) == 1 && last != '\n';
}

/// All of it or nothing: half a line would be taken for a line.
void append_whole(int file, const std::string& path, std::string_view text) {
  const off_t before = lseek(file, 0, SEEK_END);
  const ssize_t written = write(file, text.data(), text.size());
  if (written >= 0 && written < static_cast<ssize_t>(text.size()))
    errno = ENOSPC;
  else if (written >= 0 && fsync(file) == 0)
    return;
  const int error = errno;
  if (ftruncate(file, before) != 0) refuse("write", path, "half a line is at its end now");
  refuse("write", path, base::system_error_text(error));
}

}  // namespace

void write_file(const std::string& path, std::string_view text, const Ownership& ownership,
                Existing existing) {
  check_roots_path(directory_of(path));
  Draft draft(path);
  draft.fill(text, ownership);
  draft.take_name(existing);
}

void make_directory(const std::string& path) {
  if (is_directory(path)) return;
  check_roots_path(path);
  if (path != "/") make_directory(directory_of(path));
  if (mkdir(path.c_str(), directory_mode) != 0) refuse("make", path);
  // The mask is 077, and the mail user must get in.
  if (chmod(path.c_str(), directory_mode) != 0) refuse("make", path);
}

void check_writable(const std::string& directory) {
  check_roots_path(directory);
  std::string existing = directory;
  struct stat status {};
  while (existing != "/" && stat(existing.c_str(), &status) != 0 && errno == ENOENT)
    existing = directory_of(existing);
  if (!is_directory(existing)) refuse("make files in", existing, "it is no directory");
  if (access(existing.c_str(), W_OK | X_OK) != 0) refuse("make files in", existing);
}

void append_line(const std::string& path, std::string_view line, uid_t user) {
  check_roots_path(directory_of(path));
  const base::Descriptor file(open(
      path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, text_mode));
  if (!file) refuse("write", path);
  check_text_file(file.get(), path, user);
  if (lseek(file.get(), 0, SEEK_END) == 0 && fchmod(file.get(), text_mode) != 0)
    refuse("write", path);
  append_whole(file.get(), path, concat({ends_inside_line(file.get()) ? "\n" : "", line, "\n"}));
}

}  // namespace sshsm::admin
