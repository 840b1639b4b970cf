#include "base/failure.h"
#include "base/text.h"
#include "config/destination.h"
#include "config/keys.h"
#include "law.h"
#include "target.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

// DEST.conf, and behind a line `%` sshsm.conf.

namespace sshsm::fuzz {
namespace {

using config::ConfigText;
using config::Destination;

std::string text_of(const std::string& value) {
  return value;
}
std::string text_of(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += value + "|";
  return text;
}
std::string text_of(const std::optional<config::SmtpAddress>& address) {
  return address ? address->host + " " + std::to_string(address->port) + " " + address->text : "";
}
std::string text_of(std::chrono::seconds value) {
  return std::to_string(value.count());
}
std::string text_of(config::AddressFamily family) {
  return std::to_string(static_cast<int>(family));
}
std::string text_of(unsigned value) {
  return std::to_string(value);
}

/// All that the keys say, one line each.
std::string text_of(const Destination& destination) {
  std::string text = destination.known_hosts_is_default ? "default\n" : "set\n";
  for (const config::Key& key : config::all_keys()) {
    text += std::string(key.name) + "=";
    std::visit(
        [&](const auto& target) {
          if constexpr (!std::is_same_v<decltype(target), const std::monostate&>)
            text += text_of(destination.*target);
        },
        key.target);
    text += "\n";
  }
  return text;
}

struct Files {
  std::string own;
  std::optional<std::string> defaults;
};

Files files_in(std::string_view input) {
  constexpr std::string_view border = "\n%\n";
  const std::size_t end = input.find(border);
  if (end == std::string_view::npos) return {std::string(input), {}};
  return {std::string(input.substr(0, end + 1)), std::string(input.substr(end + border.size()))};
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

void check_failure(const base::Failure& failure) {
  constexpr std::size_t max_detail = 2000;
  const std::string& detail = failure.detail();
  require(failure.cause() == base::Cause::configuration_invalid, "a fault of the file's is known",
          detail);
  require(detail.starts_with("/etc/sshsm/"), "a fault names its file", detail);
  require(is_printable(detail) && detail.size() < max_detail, "and is a short line", detail);
}

/// What the files say in words, or what is wrong with them.
std::string read(const Files& files, bool is_foreign_caller) {
  std::optional<ConfigText> defaults;
  if (files.defaults) defaults = ConfigText{"/etc/sshsm/sshsm.conf", *files.defaults};
  try {
    const Destination destination = config::read_destination(
        "friend", "/etc/sshsm", {"/etc/sshsm/friend.conf", files.own}, defaults, is_foreign_caller);
    require(!destination.hosts.empty() && destination.hosts.size() <= config::max_hosts,
            "a friend has hosts, and not too many");
    require(!destination.user.empty(), "a friend has a user");
    require(!is_foreign_caller || destination.proxy_command.empty(),
            "a foreign caller runs no command");
    require(destination.proxy_command.empty() || destination.proxy_command.front().front() == '/',
            "a command is an absolute path");
    return text_of(destination);
  } catch (const base::Failure& failure) {
    check_failure(failure);
    return "failure: " + failure.detail();
  }
}

std::string with_crlf(std::string_view text) {
  std::string changed;
  for (const char c : text) {
    if (c == '\n') changed += '\r';
    changed += c;
  }
  return changed;
}

}  // namespace

void try_input(std::string_view input) {
  const Files files = files_in(input);
  const std::string account = read(files, false);
  const std::string of_stranger = read(files, true);
  require(of_stranger == account || of_stranger.find("proxy-command") != std::string::npos,
          "a foreign caller is refused one key alone", of_stranger);
  require(read({files.own + "\n# the end\n", files.defaults}, false) == account,
          "a comment says nothing", account);
  if (input.find('\r') != std::string_view::npos) return;
  std::optional<std::string> defaults;
  if (files.defaults) defaults = with_crlf(*files.defaults);
  require(read({with_crlf(files.own), defaults}, false) == account, "CRLF ends a line as LF does",
          account);
  if (!files.defaults) return;
  try {
    (void)config::read_run_as({"/etc/sshsm/sshsm.conf", *files.defaults});
  } catch (const base::Failure& failure) {
    check_failure(failure);
  }
}

}  // namespace sshsm::fuzz
