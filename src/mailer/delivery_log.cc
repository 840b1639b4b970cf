#include "mailer/delivery_log.h"

#include "base/text.h"

#include <syslog.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace sshsm::mailer {
namespace {

constexpr std::size_t max_path = 320;
constexpr std::size_t max_reason = 400;

/// From one moment to the next, as far as both have come; what has not begun took no time.
std::string span_between(base::Clock::time_point from, base::Clock::time_point to,
                         base::Clock::time_point now) {
  return seconds_text(std::min(to, now) - std::min(from, now));
}

std::string delays(const Timeline& timeline) {
  const auto now = base::Clock::now();
  return base::concat({"delay=", seconds_text(now - timeline.start),
                       ", delays=", span_between(timeline.start, timeline.banner, now), "/",
                       span_between(timeline.banner, timeline.greeted, now), "/",
                       span_between(timeline.envelope, timeline.data, now), "/",
                       span_between(timeline.data, now, now)});
}

std::string_view status_word(smtp::Fate fate) {
  switch (fate) {
    case smtp::Fate::accepted:
      return "sent";
    case smtp::Fate::refused:
      return "bounced";
    case smtp::Fate::deferred:
      return "deferred";
  }
  return "deferred";
}

std::string status_text(std::string_view code, std::string_view word, std::string_view reason) {
  return base::concat(
      {", dsn=", code, ", status=", word, " (", base::printable(reason, max_reason), ")"});
}

std::string fault_text(std::string_view fault, std::string_view phase) {
  return base::concat({", class=", fault, ", phase=", phase});
}

}  // namespace

std::string seconds_text(base::Clock::duration span) {
  const double seconds = std::max(0.0, std::chrono::duration<double>(span).count());
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(),
                seconds < 0.005 ? "0"
                : seconds < 1   ? "%.2f"
                : seconds < 10  ? "%.1f"
                                : "%.0f",
                seconds);
  return text.data();
}

void DeliveryLog::record(const smtp::MessageOutcome& outcome, const Timeline& timeline) {
  const auto& failure = outcome.failure;
  const std::string_view fault = failure ? base::row_of(failure->cause()).name : "reply";
  const std::string explanation =
      failure ? base::explain(*failure, relay_.destination, max_reason) : std::string();
  for (const smtp::RecipientOutcome& recipient : outcome.recipients) {
    const bool is_accepted = recipient.fate == smtp::Fate::accepted;
    write(recipient.path,
          base::concat({delays(timeline),
                        status_text(recipient.code, status_word(recipient.fate),
                                    failure ? explanation : recipient.reason),
                        is_accepted ? "" : fault_text(fault, smtp::name_of(outcome.phase))}),
          is_accepted);
  }
}

void DeliveryLog::record(const base::Failure& failure, std::string_view phase,
                         const std::vector<std::string>& paths, const Timeline& timeline) {
  const base::CauseRow& row = base::row_of(failure.cause());
  const std::string middle = base::concat(
      {delays(timeline),
       status_text(row.code, "deferred", base::explain(failure, relay_.destination, max_reason)),
       fault_text(row.name, phase)});
  if (paths.empty()) write({}, middle, false);
  for (const std::string& path : paths) write(path, middle, false);
}

void DeliveryLog::write(std::string_view path, std::string_view middle, bool is_accepted) {
  const std::string to =
      path.empty() ? std::string() : base::concat({"to=", base::printable(path, max_path), ", "});
  const std::string port = relay_.port == 0 ? "" : ":" + std::to_string(relay_.port);
  const std::string line = base::concat({relay_.destination, ": ", to, "relay=", relay_.destination,
                                         "[", relay_.address, "]", port, ", ", middle});
  log_.write(is_accepted ? LOG_INFO : LOG_NOTICE, line);
  trace_.note(line);
}

}  // namespace sshsm::mailer
