#include "keeper/figures.h"

#include "base/text.h"

#include <string_view>

namespace sshsm::keeper {
namespace {

/// `text` is printable ASCII.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

class Object {
 public:
  void add(std::string_view name, std::string_view value) { add_raw(name, quoted(value)); }
  void add(std::string_view name, std::uint64_t number) { add_raw(name, std::to_string(number)); }
  void add_null(std::string_view name) { add_raw(name, "null"); }
  [[nodiscard]] std::string text() const { return "{" + members_ + "}\n"; }

 private:
  void add_raw(std::string_view name, std::string_view value) {
    members_ += base::concat({members_.empty() ? "" : ", ", quoted(name), ": ", value});
  }

  std::string members_;
};

std::uint64_t count_of(std::chrono::seconds span) {
  return static_cast<std::uint64_t>(span.count());
}

}  // namespace

std::string json_of(const Figures& figures) {
  Object object;
  object.add("destination", figures.destination);
  object.add("line", figures.is_up ? "up" : "down");
  object.add("seconds", count_of(figures.unchanged));
  object.add("host", figures.host);
  object.add("connections", figures.connections);
  object.add("parked", figures.parked);
  object.add("clients", figures.clients);
  object.add("waiting", figures.waiting);
  object.add("dials", figures.dials);
  object.add("sessions", figures.sessions);
  object.add("messages", figures.messages);
  object.add("failures", figures.failures);
  if (figures.last_failure.empty())
    object.add_null("last_failure");
  else
    object.add("last_failure", figures.last_failure);
  if (figures.next_attempt)
    object.add("next_attempt", count_of(*figures.next_attempt));
  else
    object.add_null("next_attempt");
  return object.text();
}

}  // namespace sshsm::keeper
