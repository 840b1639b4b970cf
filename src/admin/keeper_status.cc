#include "admin/keeper_status.h"

#include "admin/mail_user.h"
#include "admin/output.h"
#include "admin/place.h"
#include "admin/refusal.h"
#include "base/deadline.h"
#include "base/text.h"
#include "base/waiter.h"
#include "config/destination.h"
#include "mailer/meeting_place.h"
#include "privilege/sandbox.h"

#include <dirent.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

namespace sshsm::admin {
namespace {

using base::concat;
using nlohmann::ordered_json;

constexpr std::string_view ending = ".status";
constexpr std::size_t max_told = 16UL * 1024;
constexpr std::size_t max_text = 500;
constexpr std::chrono::seconds max_wait{5};
/// The first byte of a record: whether that keeper is well.
constexpr std::string_view well = "+";
constexpr std::string_view not_well = "-";

/// What a number of the object may be, at most: no counter comes so far.
constexpr std::uint64_t max_number = 1ULL << 53U;

std::uint64_t number_in(const ordered_json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_unsigned()) return 0;
  return std::min(found->get<std::uint64_t>(), max_number);
}

std::string number_text(const ordered_json& object, const char* key) {
  return std::to_string(number_in(object, key));
}

std::string text_in(const ordered_json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return {};
  return base::printable(found->get<std::string>(), max_text);
}

bool is_true(const ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

/// Local time, as people write it.
std::string time_text(std::uint64_t seconds) {
  const auto time = static_cast<time_t>(seconds);
  tm parts{};
  std::array<char, 32> text{};
  if (localtime_r(&time, &parts) != nullptr)
    strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
  return text.data();
}

/// Down since a failure; else it is down because nobody needs it.
bool is_failing(const ordered_json& object) {
  return !is_true(object, "is_up") && !text_in(object, "last_failure").empty() &&
         number_in(object, "last_failure_at") >= number_in(object, "since");
}

std::string head_line(const std::string& destination, const ordered_json& object) {
  const std::string since = time_text(number_in(object, "since"));
  if (!is_true(object, "is_up"))
    return concat({destination, ": ", is_failing(object) ? "no line" : "idle, without a line",
                   " since ", since, "\n"});
  const std::string address = text_in(object, "address");
  return concat({destination, ": up to ", text_in(object, "host"), address.empty() ? "" : " [",
                 address, address.empty() ? "" : "]", " since ", since, "\n"});
}

std::string round_trip_line(const ordered_json& object) {
  const auto found = object.find("round_trip");
  if (found == object.end() || !found->is_number()) return {};
  const double milliseconds = std::clamp(found->get<double>() * 1000, 0.0, 1e9);
  return concat(
      {"  round trip: ", std::to_string(static_cast<unsigned long>(milliseconds)), " ms\n"});
}

std::string text_of(const std::string& destination, const ordered_json& object) {
  const auto number = [&object](const char* key) { return number_text(object, key); };
  std::string text = head_line(destination, object);
  text += concat({"  connections: ", number("connections"), "; sessions: ", number("sessions"),
                  ", ", number("parked"), " parked; clients: ", number("clients"), ", ",
                  number("waiting"), " waiting\n"});
  text += concat({"  messages: ", number("messages_accepted"), " accepted, ",
                  number("messages_refused"), " refused, ", number("messages_deferred"),
                  " deferred; dials: ", number("dials"), "; failures: ", number("failures"), "\n"});
  text += round_trip_line(object);
  const std::string failure = text_in(object, "last_failure");
  if (!failure.empty())
    text += concat(
        {"  last failure: ", time_text(number_in(object, "last_failure_at")), ": ", failure, "\n"});
  if (const std::uint64_t next = number_in(object, "next_attempt"); next != 0)
    text += concat({"  next attempt: ", time_text(next), "\n"});
  return text;
}

/// All that the keeper tells until he hangs up.
std::string told_by(const base::Descriptor& keeper, const std::string& destination) {
  base::PlainWaiter waiter;
  const base::Deadline deadline = base::Deadline::after(max_wait);
  std::string told;
  std::array<char, 4096> piece;
  for (;;) {
    if (waiter.wait(keeper.get(), POLLIN, deadline) == 0)
      throw Refusal(concat({"the keeper of ", destination, " does not answer"}));
    const ssize_t count = recv(keeper.get(), piece.data(), piece.size(), 0);
    if (count < 0 && errno == EAGAIN) continue;
    if (count <= 0) return told;
    told.append(piece.data(), static_cast<std::size_t>(count));
    if (told.size() > max_told)
      throw Refusal(concat({"the keeper of ", destination, " tells too much"}));
  }
}

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { closedir(directory); }
};

/// Of all keepers that are met there.
std::vector<std::string> destinations_in(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, CloseDirectory> directory(opendir(path.c_str()));
  if (!directory) return names;
  while (const dirent* entry = readdir(directory.get())) {
    const std::string_view file = entry->d_name;
    if (!file.ends_with(ending)) continue;
    std::string name(file.substr(0, file.size() - ending.size()));
    if (config::is_destination_name(name)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// A keeper who was asked.
struct Asked {
  std::string destination;
  base::Descriptor socket;
};

/// The sockets that lie there though nobody listens are of keepers that were killed.
std::vector<Asked> ask_all(const Arguments& arguments, const std::string& config_dir) {
  const bool is_one = !arguments.destination.empty();
  const std::string directory = mailer::meeting_place("x", config_dir).directory;
  const std::vector<std::string> names =
      is_one ? std::vector<std::string>{arguments.destination} : destinations_in(directory);
  std::vector<Asked> asked;
  for (const std::string& name : names) {
    const std::string path = mailer::meeting_place(name, config_dir).status;
    mailer::Visit visit = mailer::visit_keeper(path, geteuid());
    if (!visit.remark.empty()) throw Refusal(visit.remark);
    if (visit.socket) asked.push_back({name, std::move(visit.socket)});
  }
  if (!asked.empty()) return asked;
  if (is_one) throw Refusal(concat({"no keeper of ", arguments.destination, " runs"}));
  throw Refusal(concat({"no keeper runs in ", directory}));
}

void tell_all(const Arguments& arguments, const std::string& config_dir, const Hear& tell) {
  const std::vector<Asked> asked = ask_all(arguments, config_dir);
  tzset();
  static_cast<void>(privilege::enter_sandbox());
  for (const Asked& one : asked) {
    const ToldStatus status =
        read_status(one.destination, told_by(one.socket, one.destination), arguments.is_json);
    tell(concat({status.is_well ? well : not_well, status.text}));
  }
}

/// Our own line ends, and nothing of a peer's that a terminal would take for more than text.
std::string printable_lines(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines += base::printable(text.substr(0, end), max_told) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

ToldStatus read_status(const std::string& destination, std::string_view told, bool is_json) {
  const ordered_json object = ordered_json::parse(told, nullptr, false);
  if (!object.is_object() || !object.contains("is_up"))
    throw Refusal(concat({"what the keeper of ", destination, " tells is no status"}));
  constexpr auto replace = ordered_json::error_handler_t::replace;
  return {!is_failing(object),
          is_json ? object.dump(-1, ' ', true, replace) + "\n" : text_of(destination, object)};
}

int show_status(const Arguments& arguments) {
  if (!arguments.destination.empty()) static_cast<void>(checked_destination(arguments));
  const Place place = find_place(arguments, Directory::exists);
  const std::string config_dir = arguments.config_dir.empty() ? std::string() : place.directory;
  bool is_well = true;
  std::string text;
  as_mail_user(
      place, [&](const Hear& tell) { tell_all(arguments, config_dir, tell); },
      [&](std::string_view record) {
        is_well = is_well && record.starts_with(well);
        if (!text.empty()) text += arguments.is_json ? "," : "";
        text += printable_lines(record.substr(std::min<std::size_t>(1, record.size())));
      });
  const bool is_list = arguments.is_json && arguments.destination.empty();
  print(is_list ? concat({"[", text, "]\n"}) : text);
  return is_well ? 0 : 1;
}

}  // namespace sshsm::admin
