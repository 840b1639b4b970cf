#include "ssh/received_bytes.h"

namespace sshsm::ssh {

void ReceivedBytes::append(std::string_view bytes) {
  is_flooded_ = is_flooded_ || view().size() + bytes.size() > max_size;
  if (!is_flooded_) bytes_ += bytes;
}

std::string_view ReceivedBytes::view() const noexcept {
  return std::string_view(bytes_).substr(consumed_);
}

void ReceivedBytes::consume(std::size_t count) {
  consumed_ += count;
  if (consumed_ < bytes_.size()) return;
  bytes_.clear();
  consumed_ = 0;
}

}  // namespace sshsm::ssh
