#include "smtp/output_buffer.h"

#include <algorithm>

namespace sshsm::smtp {
namespace {

/// From so many sent octets on they are cut off the front; fewer are cheaper to keep.
constexpr std::size_t max_kept = 65536;

}  // namespace

void OutputBuffer::append(std::string_view command) {
  bytes_ += command;
}

void OutputBuffer::append_body(std::string_view piece) {
  bytes_ += piece;
  body_end_ = written();
}

std::string_view OutputBuffer::unsent() const noexcept {
  return std::string_view(bytes_).substr(start_);
}

void OutputBuffer::sent(std::size_t count) {
  count = std::min(count, unsent().size());
  start_ += count;
  sent_ += count;
  if (start_ < bytes_.size() && start_ < max_kept) return;
  bytes_.erase(0, start_);
  start_ = 0;
}

void OutputBuffer::drop_unsent() {
  bytes_.clear();
  start_ = 0;
  body_end_ = sent_;
}

}  // namespace sshsm::smtp
