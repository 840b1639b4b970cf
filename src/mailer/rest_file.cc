#include "mailer/rest_file.h"

#include "base/failure.h"
#include "base/text.h"
#include "smtp/batch_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace sshsm::mailer {
namespace {

using base::Cause;
using base::Failure;

/// A longer path would leave no room for what happened to it.
constexpr std::size_t max_shown_path = 160;
constexpr std::size_t max_first_line = smtp::BatchReader::max_command_line + 2;

std::string_view octets_of(smtp::LineEnd line_end) {
  return line_end == smtp::LineEnd::crlf ? "\r\n" : "\n";
}

bool ends_otherwise(std::string_view line, smtp::LineEnd line_end) {
  if (!line.ends_with('\n')) return false;
  return line.ends_with("\r\n") != (line_end == smtp::LineEnd::crlf);
}

}  // namespace

RestFile::RestFile(const std::string& path)
    : shown_path_(base::printable(path, max_shown_path)),
      // O_EXCL follows no symbolic link either. With O_APPEND a cut needs no seek behind it.
      file_(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOCTTY,
                 S_IRUSR | S_IWUSR)) {
  if (!file_)
    throw Failure(Cause::rest_refused,
                  base::concat({shown_path_, ": ", base::system_error_text(errno)}));
}

void RestFile::add(std::string_view octets) {
  write(octets);
  lines_ += static_cast<std::size_t>(std::count(octets.begin(), octets.end(), '\n'));
}

void RestFile::write(std::string_view octets) {
  remember_first_line(octets);
  while (!octets.empty()) {
    const ssize_t written = ::write(file_.get(), octets.data(), octets.size());
    if (written < 0) give_up(base::system_error_text(errno));
    size_ += static_cast<std::size_t>(written);
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
}

void RestFile::remember_first_line(std::string_view octets) {
  if (size_ == 0) first_line_.clear();
  if (first_line_.size() != size_ || first_line_.ends_with('\n')) return;
  const std::size_t line_end = octets.find('\n');
  if (line_end != std::string_view::npos) octets = octets.substr(0, line_end + 1);
  first_line_ += octets.substr(0, max_first_line - first_line_.size());
}

void RestFile::keep() {
  kept_size_ = size_;
  kept_lines_ = lines_;
}

void RestFile::cut_off() {
  if (size_ == kept_size_) return;
  if (ftruncate(file_.get(), static_cast<off_t>(kept_size_)) != 0)
    fail("a message that was accepted is still in the file", base::system_error_text(errno));
  size_ = kept_size_;
}

void RestFile::state_line_end(smtp::LineEnd line_end) {
  if (size_ != first_line_.size() || !ends_otherwise(first_line_, line_end)) return;
  const std::string line = first_line_;
  cut_off();
  write(base::concat({"NOOP", octets_of(line_end), line}));
}

void RestFile::give_up(std::string_view reason) {
  // If this fails, too, the file ends inside a message, and a batch that does so never sends it.
  if (ftruncate(file_.get(), static_cast<off_t>(kept_size_)) == 0) size_ = kept_size_;
  fail(base::concat({"nothing from line ", std::to_string(kept_lines_ + 1),
                     " of the batch on was accepted or is in the file"}),
       reason);
}

void RestFile::finish() {
  if (!file_) return;
  int error = fsync(file_.get()) == 0 ? 0 : errno;
  if (close(file_.release()) != 0 && error == 0) error = errno;
  if (error != 0 && size_ > 0) fail("it may not be on the disk", base::system_error_text(error));
}

void RestFile::fail(std::string_view what, std::string_view reason) const {
  throw Failure(Cause::rest_unwritable, base::concat({what, ": ", shown_path_, ": ", reason}));
}

}  // namespace sshsm::mailer
