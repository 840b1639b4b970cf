#include "admin/check.h"

#include "admin/advice.h"
#include "admin/check_report.h"
#include "admin/examination.h"
#include "admin/mail_user.h"
#include "admin/output.h"
#include "admin/refusal.h"
#include "admin/step_record.h"
#include "admin/steps.h"
#include "base/failure.h"
#include "base/text.h"
#include "smtp/path.h"

#include <string>
#include <utility>
#include <vector>

namespace sshsm::admin {
namespace {

using base::Clock;
using base::Failure;

constexpr int well = 0;
constexpr int not_well = 1;

Finding finding_of(const Failure& failure, std::string_view step, std::string_view destination,
                   const std::string& host) {
  const base::CauseRow& row = base::row_of(failure.cause());
  return {.seen = std::string(row.sentence),
          .fault = Fault{std::string(row.name), describe(failure, destination, host),
                         remedy_of(step, failure.cause(), destination)}};
}

Finding examine(const Step& step, Examination& examination) {
  try {
    return step.examine(examination);
  } catch (const Failure& failure) {
    return finding_of(failure, step.name, examination.arguments.destination, examination.host());
  }
}

/// The mail user's part. Each step lasts from the end of the one before, so that whatever takes
/// time is in the list.
void go_through_steps(const Arguments& arguments, const Place& place, const Hear& tell) {
  Examination examination(arguments, place);
  Clock::time_point begin = Clock::now();
  for (std::size_t i = 0; i < all_steps().size(); ++i) {
    const Step& step = all_steps()[i];
    if (step.is_due != nullptr && !step.is_due(examination)) continue;
    StepRecord record{i, {}, examine(step, examination), {}};
    const Clock::time_point end = record.finding.ended_at.value_or(Clock::now());
    record.took = std::chrono::duration_cast<base::Milliseconds>(end - std::exchange(begin, end));
    record.host = examination.host();
    tell(write_record(record));
    if (record.finding.fault) return;
  }
}

/// What has been told so far.
class Telling {
 public:
  explicit Telling(const Arguments& arguments) : arguments_(arguments) {}

  void add(StepRecord record) {
    const std::string_view step = all_steps()[record.index].name;
    reports_.push_back({step, std::move(record.finding), record.took});
    host_ = record.host;
    if (!arguments_.is_json) print(text_of(reports_.back()));
  }

  [[nodiscard]] bool is_empty() const { return reports_.empty(); }

  /// The exit status: 0 only behind the last step of all.
  [[nodiscard]] int end() const {
    if (arguments_.is_json) print(json_of(arguments_.destination, host_, reports_));
    if (is_empty() || reports_.back().finding.fault) return not_well;
    return reports_.back().step == all_steps().back().name ? well : not_well;
  }

 private:
  const Arguments& arguments_;
  std::string host_;
  std::vector<StepReport> reports_;
};

/// All of it is the address: what ends its path goes on with parameters.
void check_recipient(const std::string& address) {
  const std::string path = base::concat({"<", address, ">"});
  const auto command = smtp::parse_rcpt("RCPT TO:" + path);
  if (!address.empty() && (!command || command->path != path))
    throw Refusal(base::concat({"--to ", base::quoted(address, 64), " is not a mail address"}));
}

void examine_place(const Arguments& arguments, Telling& telling) {
  const std::size_t count = all_steps().size();
  const Place place = find_place(arguments, Directory::exists);
  as_mail_user(
      place, [&](const Hear& tell) { go_through_steps(arguments, place, tell); },
      [&](std::string_view record) { telling.add(read_record(record, count)); });
}

}  // namespace

int check(const Arguments& arguments) {
  [[maybe_unused]] const std::string& name = checked_destination(arguments);
  check_recipient(arguments.to);
  Telling telling(arguments);
  try {
    examine_place(arguments, telling);
  } catch (const Failure& failure) {
    // A configuration directory or an sshsm.conf that nothing can begin with.
    if (!telling.is_empty()) throw;
    telling.add(
        {0, {}, finding_of(failure, all_steps().front().name, arguments.destination, {}), {}});
  }
  return telling.end();
}

}  // namespace sshsm::admin
