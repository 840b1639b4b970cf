#include "admin/check_report.h"

#include "base/text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sshsm::admin {
namespace {

using base::concat;
using nlohmann::ordered_json;

constexpr std::size_t verdict_width = 6;
constexpr std::size_t step_width = 16;

std::string padded(std::string_view text, std::size_t width) {
  std::string result(text);
  result.resize(std::max(result.size() + 1, width), ' ');
  return result;
}

ordered_json step_as_json(const StepReport& report) {
  return {{"step", report.step},
          {"is_well", !report.finding.fault},
          {"seen", report.finding.seen},
          {"milliseconds", report.took.count()}};
}

ordered_json fault_as_json(std::string_view step, const Fault& fault) {
  return {{"step", step},
          {"cause", fault.cause},
          {"code", fault.sentence.substr(0, fault.sentence.find(' '))},
          {"sentence", fault.sentence},
          {"remedy", fault.remedy}};
}

}  // namespace

std::string text_of(const StepReport& report) {
  const Finding& finding = report.finding;
  std::string text =
      concat({padded(finding.fault ? "FAIL" : "ok", verdict_width), padded(report.step, step_width),
              finding.seen, " (", std::to_string(report.took.count()), " ms)\n"});
  if (finding.fault)
    text += concat({finding.fault->sentence, "\nremedy: ", finding.fault->remedy, "\n"});
  return text;
}

std::string json_of(std::string_view destination, std::string_view host,
                    std::span<const StepReport> reports) {
  ordered_json whole = {{"destination", destination},
                        {"host", nullptr},
                        {"is_well", true},
                        {"steps", ordered_json::array()},
                        {"fault", nullptr}};
  if (!host.empty()) whole["host"] = host;
  for (const StepReport& report : reports) {
    whole["steps"].push_back(step_as_json(report));
    if (!report.finding.fault) continue;
    whole["is_well"] = false;
    whole["fault"] = fault_as_json(report.step, *report.finding.fault);
  }
  return whole.dump() + "\n";
}

}  // namespace sshsm::admin
