#include "smtp/intermediary.h"

namespace sshsm::smtp {

std::size_t Intermediary::feed(std::string_view bytes) {
  const std::size_t size = bytes.size();
  while (!bytes.empty() && wants_input()) feed_some(bytes);
  return size - bytes.size();
}

std::optional<MessageOutcome> Intermediary::take_outcome() {
  if (outcomes_.empty()) return std::nullopt;
  std::optional<MessageOutcome> outcome = std::move(outcomes_.front());
  outcomes_.pop_front();
  return outcome;
}

}  // namespace sshsm::smtp
