#include "keeper/metrics_file.h"

#include "base/descriptor.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace sshsm::keeper {
namespace {

constexpr mode_t readable_by_all = S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH;

int write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count < 0 && errno != EINTR) return errno;
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

}  // namespace

int MetricsFile::write(std::string_view text) {
  if (path_.empty()) return 0;
  last_ = text;
  const std::string fresh = path_ + ".new";
  // What an earlier keeper left; and never through a link that somebody put there.
  unlink(fresh.c_str());
  const base::Descriptor file(
      open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, readable_by_all));
  if (!file) return errno;
  int error = write_all(file.get(), text);
  // The umask is for secrets; the collector is another user.
  if (error == 0 && fchmod(file.get(), readable_by_all) != 0) error = errno;
  if (error == 0 && rename(fresh.c_str(), path_.c_str()) != 0) error = errno;
  if (error != 0) unlink(fresh.c_str());
  return error;
}

int MetricsFile::move_to(const std::string& path) {
  if (!last_.empty()) unlink(path_.c_str());
  path_ = path;
  const std::string text = path_.empty() ? std::string() : last_;
  last_.clear();
  return text.empty() ? 0 : write(text);
}

int MetricsFile::write_end() {
  constexpr std::string_view name = "\nsshsm_up{";
  std::string text = last_;
  const std::size_t line = text.find(name);
  if (line == std::string::npos) return 0;
  const std::size_t end = text.find('\n', line + 1);
  text.replace(text.rfind(' ', end) + 1, 1, "0");
  return write(text);
}

}  // namespace sshsm::keeper
