#include "admin/step_record.h"

#include "base/failure.h"
#include "base/text.h"

#include <array>
#include <limits>
#include <optional>

namespace sshsm::admin {
namespace {

constexpr char between_fields = '\0';
/// Far more than any timeout of ours.
constexpr unsigned long max_milliseconds = 24UL * 3600 * 1000;

/// index, milliseconds, host, seen, cause, sentence, remedy.
using Fields = std::array<std::string_view, 7>;

[[noreturn]] void refuse() {
  throw base::Failure(base::Cause::internal_error, "what the mail user's process tells is no step");
}

Fields fields_of(std::string_view text) {
  Fields fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::size_t end = text.find(between_fields);
    const bool is_last = i + 1 == fields.size();
    if ((end == std::string_view::npos) != is_last) refuse();
    fields[i] = text.substr(0, end);
    if (!is_last) text.remove_prefix(end + 1);
  }
  return fields;
}

std::size_t number_of(std::string_view digits, unsigned long max) {
  const std::optional<unsigned long> number = base::parse_number(digits, max);
  if (!number) refuse();
  return *number;
}

std::string shown(std::string_view text) {
  return base::printable(text, StepRecord::max_text);
}

}  // namespace

std::string write_record(const StepRecord& record) {
  const Fault fault = record.finding.fault.value_or(Fault{});
  std::string text = std::to_string(record.index);
  for (const std::string& field : {std::to_string(record.took.count()), record.host,
                                   record.finding.seen, fault.cause, fault.sentence, fault.remedy})
    text += between_fields + field;
  return text;
}

StepRecord read_record(std::string_view text, std::size_t step_count) {
  const auto [index, took, host, seen, cause, sentence, remedy] = fields_of(text);
  StepRecord record;
  record.index = number_of(index, step_count - 1);
  record.took = base::Milliseconds(number_of(took, max_milliseconds));
  record.host = shown(host);
  record.finding.seen = shown(seen);
  if (!cause.empty()) record.finding.fault = Fault{shown(cause), shown(sentence), shown(remedy)};
  return record;
}

}  // namespace sshsm::admin
