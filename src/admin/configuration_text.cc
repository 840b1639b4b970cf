#include "admin/configuration_text.h"

#include "admin/refusal.h"
#include "base/text.h"
#include "config/lines.h"
#include "config/settings.h"
#include "trust/base64.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

namespace sshsm::admin {
namespace {

using base::concat;

std::string setting(std::string_view key, std::string_view value) {
  return value.empty() ? std::string() : concat({key, " = ", value, "\n"});
}

/// The physical lines, each with its end.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

/// The keys of the `host-key` lines by line number.
std::map<std::size_t, std::optional<trust::HostKey>> host_key_lines(
    const config::ConfigText& file) {
  std::map<std::size_t, std::optional<trust::HostKey>> found;
  config::LineReader reader(file);
  while (const std::optional<config::Line> line = reader.next()) {
    if (line->key != "host-key") continue;
    const std::vector<std::string> words = base::words_of(line->value);
    found[line->number] = words.size() == 2 ? trust::read_pin(words[0], words[1]) : std::nullopt;
  }
  return found;
}

bool contains(const std::vector<trust::HostKey>& keys, const trust::HostKey& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace

std::string text_of(const trust::HostKey& key) {
  return concat({key.type, " ", trust::encode_base64(key.blob)});
}

std::string configuration_text(const Arguments& arguments,
                               const std::vector<trust::HostKey>& pins) {
  std::string hosts;
  for (const std::string& host : arguments.hosts) hosts += concat({hosts.empty() ? "" : " ", host});
  std::string text = "# Written by sshsmctl enrol; every setting is in sshsm.conf(5).\n";
  text += setting("user", arguments.user);
  text += setting("host", hosts);
  text += setting("port", arguments.port);
  text += setting("smtp-address", arguments.smtp_address);
  for (const trust::HostKey& pin : pins) text += setting("host-key", text_of(pin));
  return text;
}

std::string with_host_keys(const config::ConfigText& file,
                           const std::vector<trust::HostKey>& pins) {
  if (pins.size() > config::max_repetitions)
    throw Refusal(concat({"more than ", std::to_string(config::max_repetitions),
                          " host keys; take out old ones with --replace"}));
  const auto found = host_key_lines(file);
  const std::vector<std::string_view> lines = lines_of(file.text);
  const std::string_view line_end =
      !lines.empty() && lines.front().ends_with("\r\n") ? "\r\n" : "\n";
  std::vector<trust::HostKey> kept;
  std::string text;
  const auto add_missing = [&] {
    for (const trust::HostKey& pin : pins)
      if (!contains(kept, pin)) text += concat({"host-key = ", text_of(pin), line_end});
  };
  for (const auto& [number, key] : found)
    if (key && contains(pins, *key)) kept.push_back(*key);
  for (std::size_t number = 1; number <= lines.size(); ++number) {
    const auto line = found.find(number);
    if (line == found.end() || (line->second && contains(pins, *line->second)))
      text += lines[number - 1];
    if (!text.empty() && !text.ends_with('\n') && number == lines.size()) text += line_end;
    if (!found.empty() && number == found.rbegin()->first) add_missing();
  }
  if (found.empty()) add_missing();
  return text;
}

}  // namespace sshsm::admin
