#include "base/failure.h"

#include "base/text.h"

#include <utility>

namespace sshsm::base {

Failure::Failure(Cause cause, std::string detail, std::string peer_text)
    : cause_(cause), detail_(std::move(detail)), peer_text_(std::move(peer_text)) {}

const char* Failure::what() const noexcept {
  return row_of(cause_).sentence.data();
}

std::string explain(const Failure& failure, std::size_t limit) {
  const CauseRow& row = row_of(failure.cause());
  std::string tail;
  if (!row.remedy.empty()) tail = concat({"; ", row.remedy});
  if (!failure.peer_text().empty())
    tail += concat({": ", quoted(failure.peer_text(), max_peer_text)});
  std::string line(row.sentence);
  const std::size_t taken = line.size() + tail.size() + 2;
  if (!failure.detail().empty() && taken < limit)
    line += concat({": ", printable(failure.detail(), limit - taken)});
  return shortened(line + tail, limit);
}

std::string speaker(std::string_view destination, std::string_view host) {
  std::string line = "sshsm: ";
  if (destination.empty()) return line;
  line += printable(destination, 64);
  if (!host.empty()) line += concat({" (", printable(host, 255), ")"});
  return line + ": ";
}

std::string describe(const Failure& failure, std::string_view destination, std::string_view host) {
  const std::string head = concat({row_of(failure.cause()).code, " ", speaker(destination, host)});
  return head + explain(failure, max_sentence - head.size());
}

}  // namespace sshsm::base
