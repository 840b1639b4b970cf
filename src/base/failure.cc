#include "base/failure.h"

#include "base/text.h"

#include <utility>

namespace sshsm::base {
namespace {

/// Puts `text` in the place of `word`, if that is there.
void put_in_place(std::string& remedy, std::string_view word, std::string_view text) {
  const std::size_t place = remedy.find(word);
  if (place != std::string::npos) remedy.replace(place, word.size(), text);
}

/// Takes what stands before the first `end` from the front of `text`, and `end` with it.
std::optional<std::string_view> take_before(std::string_view& text, std::string_view end) {
  const std::size_t place = text.find(end);
  if (place == std::string_view::npos) return std::nullopt;
  const std::string_view taken = text.substr(0, place);
  text.remove_prefix(place + end.size());
  return taken;
}

/// The row with this code whose sentence `text` begins with: the longest, since one may begin as
/// another does.
const CauseRow* row_told_by(std::string_view code, std::string_view text) {
  const CauseRow* found = nullptr;
  for (const CauseRow& row : all_causes())
    if (row.code == code && text.starts_with(row.sentence) &&
        (found == nullptr || found->sentence.size() < row.sentence.size()))
      found = &row;
  return found;
}

/// What `explain` wrote behind the sentence of the row.
Failure read_explanation(const CauseRow& row, std::string_view rest, std::string_view destination) {
  constexpr std::string_view before_detail = ": ";
  constexpr std::string_view before_peer_text = ": \"";
  std::string_view tail;
  const std::string remedy = "; " + remedy_for(row, destination);
  const std::size_t place = row.remedy.empty() ? rest.rfind(before_peer_text) : rest.find(remedy);
  if (place != std::string_view::npos) {
    tail = rest.substr(place + (row.remedy.empty() ? 0 : remedy.size()));
    rest = rest.substr(0, place);
  }
  if (rest.starts_with(before_detail)) rest.remove_prefix(before_detail.size());
  if (tail.starts_with(before_peer_text)) tail.remove_prefix(before_peer_text.size());
  if (tail.ends_with('"')) tail.remove_suffix(1);
  return Failure(row.cause, std::string(rest), std::string(tail));
}

}  // namespace

Failure::Failure(Cause cause, std::string detail, std::string peer_text)
    : cause_(cause), detail_(std::move(detail)), peer_text_(std::move(peer_text)) {}

const char* Failure::what() const noexcept {
  return row_of(cause_).sentence.data();
}

std::string remedy_for(const CauseRow& row, std::string_view destination,
                       std::string_view program) {
  std::string remedy(row.remedy);
  // Somebody will paste the command into a root shell, and the name may be a stranger's.
  if (is_plain_name(destination, max_named_destination))
    put_in_place(remedy, destination_word, destination);
  put_in_place(remedy, program_word, program);
  return remedy;
}

std::string explain(const Failure& failure, std::string_view destination, std::size_t limit,
                    std::string_view program) {
  const CauseRow& row = row_of(failure.cause());
  std::string tail;
  if (!row.remedy.empty()) tail = concat({"; ", remedy_for(row, destination, program)});
  if (!failure.peer_text().empty())
    tail += concat({": ", quoted(failure.peer_text(), max_peer_text)});
  std::string line(row.sentence);
  const std::size_t taken = line.size() + tail.size() + 2;
  if (!failure.detail().empty() && taken < limit)
    line += concat({": ", printable(failure.detail(), limit - taken)});
  return shortened(line + tail, limit);
}

std::string speaker(std::string_view destination, std::string_view host, std::string_view program) {
  std::string line = concat({program, ": "});
  if (destination.empty()) return line;
  line += printable(destination, max_named_destination);
  if (!host.empty()) line += concat({" (", printable(host, 255), ")"});
  return line + ": ";
}

std::string describe(const Failure& failure, std::string_view destination, std::string_view host,
                     std::string_view program) {
  const std::string head =
      concat({row_of(failure.cause()).code, " ", speaker(destination, host, program)});
  return head + explain(failure, destination, max_sentence - head.size(), program);
}

std::optional<Description> read_description(std::string_view line) {
  constexpr std::string_view program = "sshsm: ";
  const auto code = take_before(line, " ");
  if (!code || !line.starts_with(program)) return std::nullopt;
  line.remove_prefix(program.size());
  auto name = take_before(line, ": ");
  if (!name) return std::nullopt;
  const auto destination = take_before(*name, " (");
  std::string host;
  // An IPv6 address has colons, but no blank behind them.
  if (destination && name->ends_with(')')) host = name->substr(0, name->size() - 1);
  const std::string who(destination.value_or(*name));
  const CauseRow* const row = row_told_by(*code, line);
  if (row == nullptr) return std::nullopt;
  line.remove_prefix(row->sentence.size());
  return Description{read_explanation(*row, line, who), who, std::move(host)};
}

}  // namespace sshsm::base
