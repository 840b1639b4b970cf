#include "mailer/progress_line.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace sshsm::mailer {
namespace {

using base::Clock;
using base::Deadline;

constexpr double megabyte = 1e6;

/// A terminal that poll(2) calls writable promises room for one octet, and the next one may wait.
bool write_octet(int descriptor, char octet) {
  pollfd target{descriptor, POLLOUT, 0};
  return poll(&target, 1, 0) == 1 && (target.revents & POLLOUT) != 0 &&
         write(descriptor, &octet, 1) == 1;
}

}  // namespace

ProgressLine::ProgressLine(int descriptor)
    : descriptor_(isatty(descriptor) == 1 ? descriptor : -1) {}

void ProgressLine::begin(std::size_t size) {
  clear();
  is_large_ = size > max_small;
  octets_ = 0;
  begin_ = Clock::now();
  next_ = Deadline(begin_);
}

void ProgressLine::advance(std::size_t octets) {
  octets_ += octets;
  if (descriptor_ < 0 || !is_large_ || !next_.passed()) return;
  next_ = Deadline::after(pause);
  show(text());
}

void ProgressLine::clear() {
  if (width_ == 0) return;
  show({});  // blanks
  show({});  // and back to the start of the line
}

std::string ProgressLine::text() const {
  const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
  const double size = static_cast<double>(octets_) / megabyte;
  std::array<char, 64> line{};
  std::snprintf(line.data(), line.size(), "sent %.1f MB, %.1f MB/s", size,
                size / std::max(seconds, 0.001));
  return line.data();
}

/// Over what stands there; blanks take away what is longer.
void ProgressLine::show(const std::string& text) {
  const std::string line = "\r" + text + std::string(width_ - std::min(width_, text.size()), ' ');
  width_ = text.size();
  if (descriptor_ >= 0 && std::all_of(line.begin(), line.end(), [this](char octet) {
        return write_octet(descriptor_, octet);
      }))
    return;
  // Half a line stands there, and nobody reads it.
  descriptor_ = -1;
}

}  // namespace sshsm::mailer
