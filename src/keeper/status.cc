#include "keeper/status.h"

#include "base/text.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace sshsm::keeper {
namespace {

using base::concat;
using nlohmann::ordered_json;

constexpr std::size_t max_text = 500;

std::int64_t seconds_of(SystemTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

double seconds_of(std::chrono::microseconds span) {
  return std::chrono::duration<double>(span).count();
}

/// One number of the status under both its names: the table that JSON and Prometheus share.
struct Figure {
  std::string_view key;     ///< in JSON
  std::string_view metric;  ///< in Prometheus
  std::string_view type;
  std::string_view help;
  std::uint64_t (*value)(const Status& status);
};

constexpr auto figures = std::to_array<Figure>({
    {"dials", "sshsm_dials_total", "counter", "Connections that were tried.",
     [](const Status& status) -> std::uint64_t { return status.dials; }},
    {"failures", "sshsm_failures_total", "counter",
     "Times that no line or no session was to be had.",
     [](const Status& status) -> std::uint64_t { return status.failures; }},
    {"sessions_started", "sshsm_sessions_total", "counter",
     "Sessions with the mail server there that were begun.",
     [](const Status& status) -> std::uint64_t { return status.sessions_started; }},
    {"clients_served", "sshsm_clients_total", "counter", "Local programs that have connected.",
     [](const Status& status) -> std::uint64_t { return status.clients_served; }},
    {"messages_accepted", "sshsm_messages_accepted_total", "counter",
     "Messages that the mail server there accepted.",
     [](const Status& status) -> std::uint64_t { return status.messages_accepted; }},
    {"messages_refused", "sshsm_messages_refused_total", "counter",
     "Messages or recipients that it refused for good.",
     [](const Status& status) -> std::uint64_t { return status.messages_refused; }},
    {"messages_deferred", "sshsm_messages_deferred_total", "counter",
     "Messages or recipients that wait in the queue of the local mail server.",
     [](const Status& status) -> std::uint64_t { return status.messages_deferred; }},
    {"connections", "sshsm_connections", "gauge", "SSH connections to the host.",
     [](const Status& status) -> std::uint64_t { return status.connections; }},
    {"sessions", "sshsm_sessions", "gauge", "Sessions with the mail server there.",
     [](const Status& status) -> std::uint64_t { return status.sessions; }},
    {"parked", "sshsm_parked_sessions", "gauge", "Of these, those that no client uses.",
     [](const Status& status) -> std::uint64_t { return status.parked; }},
    {"clients", "sshsm_clients", "gauge", "Local programs that are connected.",
     [](const Status& status) -> std::uint64_t { return status.clients; }},
    {"waiting", "sshsm_waiting_clients", "gauge", "Of these, those that wait for a session.",
     [](const Status& status) -> std::uint64_t { return status.waiting; }},
});

/// A label's value: the characters that end it are escaped, and it is one line.
std::string label_value(std::string_view text) {
  std::string escaped;
  for (const char c : base::printable(text, max_text)) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

/// A decimal number of seconds, whatever the locale.
std::string decimal(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6f", value);
  return text.data();
}

class Metrics {
 public:
  explicit Metrics(const Status& status)
      : labels_(concat({"{destination=\"", label_value(status.destination), "\"} "})) {}

  void add(std::string_view name, std::string_view type, std::string_view help,
           const std::string& value) {
    text_ += concat({"# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n", name, labels_,
                     value, "\n"});
  }
  std::string take() { return std::move(text_); }

 private:
  std::string labels_;
  std::string text_;
};

}  // namespace

std::string json_of(const Status& status) {
  ordered_json object;
  object["destination"] = status.destination;
  object["is_up"] = status.is_up;
  object["since"] = seconds_of(status.since);
  object["started"] = seconds_of(status.started);
  object["host"] = base::printable(status.host, max_text);
  object["address"] = base::printable(status.address, max_text);
  for (const Figure& figure : figures) object[std::string(figure.key)] = figure.value(status);
  object["round_trip"] = nullptr;
  if (status.round_trip) object["round_trip"] = seconds_of(*status.round_trip);
  object["last_failure"] = nullptr;
  object["last_failure_at"] = nullptr;
  if (!status.last_failure.empty())
    object["last_failure"] = base::printable(status.last_failure, max_text);
  if (status.last_failure_at) object["last_failure_at"] = seconds_of(*status.last_failure_at);
  object["next_attempt"] = nullptr;
  if (status.next_attempt) object["next_attempt"] = seconds_of(*status.next_attempt);
  return object.dump() + "\n";
}

std::string metrics_of(const Status& status) {
  Metrics metrics(status);
  metrics.add("sshsm_up", "gauge", "Whether there is a line to the host.",
              status.is_up ? "1" : "0");
  metrics.add("sshsm_since_seconds", "gauge", "When that changed last, in Unix time.",
              std::to_string(seconds_of(status.since)));
  metrics.add("sshsm_start_time_seconds", "gauge", "When the keeper started, in Unix time.",
              std::to_string(seconds_of(status.started)));
  for (const Figure& figure : figures)
    metrics.add(figure.metric, figure.type, figure.help, std::to_string(figure.value(status)));
  if (status.round_trip)
    metrics.add("sshsm_round_trip_seconds", "gauge",
                "From an SSH keepalive to the answer, measured last.",
                decimal(seconds_of(*status.round_trip)));
  if (status.last_failure_at)
    metrics.add("sshsm_last_failure_seconds", "gauge", "When a dial failed last, in Unix time.",
                std::to_string(seconds_of(*status.last_failure_at)));
  return metrics.take();
}

}  // namespace sshsm::keeper
