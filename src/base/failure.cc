#include "base/failure.h"

#include "base/text.h"

#include <algorithm>
#include <utility>

namespace sshsm::base {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Somebody will paste the command into a root shell, and the name may be a stranger's.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= max_named_destination &&
         is_letter_or_digit(name.front()) && std::all_of(name.begin(), name.end(), [](char c) {
           return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
         });
}

}  // namespace

Failure::Failure(Cause cause, std::string detail, std::string peer_text)
    : cause_(cause), detail_(std::move(detail)), peer_text_(std::move(peer_text)) {}

const char* Failure::what() const noexcept {
  return row_of(cause_).sentence.data();
}

std::string remedy_for(const CauseRow& row, std::string_view destination) {
  std::string remedy(row.remedy);
  const std::size_t place = remedy.find(destination_word);
  if (place != std::string::npos && is_plain_name(destination))
    remedy.replace(place, destination_word.size(), destination);
  return remedy;
}

std::string explain(const Failure& failure, std::string_view destination, std::size_t limit) {
  const CauseRow& row = row_of(failure.cause());
  std::string tail;
  if (!row.remedy.empty()) tail = concat({"; ", remedy_for(row, destination)});
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
  line += printable(destination, max_named_destination);
  if (!host.empty()) line += concat({" (", printable(host, 255), ")"});
  return line + ": ";
}

std::string describe(const Failure& failure, std::string_view destination, std::string_view host) {
  const std::string head = concat({row_of(failure.cause()).code, " ", speaker(destination, host)});
  return head + explain(failure, destination, max_sentence - head.size());
}

}  // namespace sshsm::base
