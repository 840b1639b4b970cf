#include "trust/pins.h"

#include "base/failure.h"
#include "base/text.h"
#include "trust/host_name.h"
#include "trust/known_hosts.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace sshsm::trust {
namespace {

using base::concat;

constexpr std::size_t max_shown = 80;
constexpr std::size_t max_path = 255;

bool contains(const std::vector<HostKey>& keys, const HostKey& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

void add(std::vector<HostKey>& keys, HostKey key, const std::string& place) {
  if (contains(keys, key)) return;
  if (keys.size() == Pins::max_keys)
    throw base::Failure(
        base::Cause::configuration_invalid,
        concat({place, ": more than ", std::to_string(Pins::max_keys), " host keys for one host"}));
  keys.push_back(std::move(key));
}

std::string place_of(const KnownHostsFile& file, const KnownHostsLine& line) {
  return concat({base::printable(file.path, max_path), ":", std::to_string(line.number)});
}

}  // namespace

Pins::Pins(const Subject& subject, std::span<const KnownHostsFile> files,
           std::span<const std::string> host_keys) {
  if (subject.alias.empty()) {
    const std::string host = canonical_host(subject.host);
    full_name_ = with_port(host, subject.port);
    if (full_name_ != host) bare_name_ = host;
  } else {
    full_name_ = base::to_lower(subject.alias);
  }
  for (const KnownHostsFile& file : files) read_file(file);
  settle_names();
  for (const std::string& setting : host_keys) take_setting(setting);
  drop_revoked();
  close_remarks();
}

std::vector<std::string> Pins::types() const {
  std::vector<std::string> types;
  for (const HostKey& key : pinned_)
    if (std::find(types.begin(), types.end(), key.type) == types.end()) types.push_back(key.type);
  return types;
}

Pins::Verdict Pins::judge(const HostKey& offered) const {
  const std::optional<HostKey> key = read_blob(offered.blob);
  if (key && contains(revoked_, *key)) return Verdict::revoked;
  if (key == offered && contains(pinned_, offered)) return Verdict::pinned;
  const bool is_type_pinned = std::any_of(
      pinned_.begin(), pinned_.end(), [&](const HostKey& pin) { return pin.type == offered.type; });
  return is_type_pinned ? Verdict::changed : Verdict::type_unpinned;
}

std::string Pins::summary() const {
  std::string text;
  for (const HostKey& key : pinned_) text += concat({text.empty() ? "" : ", ", name_of(key)});
  return text;
}

void Pins::read_file(const KnownHostsFile& file) {
  KnownHostsLines lines(file.text);
  while (const std::optional<KnownHostsLine> line = lines.next()) take_line(file, *line);
}

void Pins::take_line(const KnownHostsFile& file, const KnownHostsLine& line) {
  const bool is_full_name = names_host(line.names, full_name_);
  if (!is_full_name && (bare_name_.empty() || !names_host(line.names, bare_name_))) return;
  switch (line.marker) {
    case KnownHostsLine::Marker::none:
      take_pin(file, line, is_full_name);
      return;
    case KnownHostsLine::Marker::revoked:
      take_revocation(file, line);
      return;
    case KnownHostsLine::Marker::cert_authority:
      remark(file, line, "@cert-authority lines are not used");
      return;
    case KnownHostsLine::Marker::unknown:
      remark(file, line, "its marker is not known");
      return;
  }
}

// A line that names [host]:port closes the way to the bare name even where its key cannot be read:
// ssh may read a type that we do not, and then refuses every key that is pinned for the bare name.
void Pins::take_pin(const KnownHostsFile& file, const KnownHostsLine& line, bool is_full_name) {
  if (is_full_name && full_name_line_.empty()) full_name_line_ = place_of(file, line);
  if (line.key.empty()) return remark(file, line, "it has no key");
  if (!is_host_key_type(line.type))
    return remark(file, line,
                  concat({"the key type ", base::quoted(line.type, max_shown), " is not used"}));
  std::optional<HostKey> key = read_pin(line.type, line.key);
  if (!key) return remark(file, line, concat({"it has no whole ", line.type, " key"}));
  add(is_full_name ? pinned_ : pinned_bare_, std::move(*key), place_of(file, line));
}

void Pins::take_revocation(const KnownHostsFile& file, const KnownHostsLine& line) {
  std::optional<HostKey> key = read_revocation(line.key);
  if (!key) return remark(file, line, "it revokes no key that could be used");
  add(revoked_, std::move(*key), place_of(file, line));
}

void Pins::take_setting(const std::string& setting) {
  const std::vector<std::string> words = base::words_of(setting);
  std::optional<HostKey> key;
  if (words.size() == 2) key = read_pin(words[0], words[1]);
  if (!key)
    throw base::Failure(
        base::Cause::configuration_invalid,
        concat({"host-key: ", base::quoted(setting, max_shown), " is no key that can be pinned"}));
  add(pinned_, std::move(*key), "host-key");
}

// ssh asks for the bare name only where [host]:port has no entry.
void Pins::settle_names() {
  if (pinned_bare_.empty()) return;
  if (full_name_line_.empty()) {
    pinned_ = std::exchange(pinned_bare_, {});
    return;
  }
  pinned_bare_.clear();
  remark(concat({full_name_line_, " names ", full_name_, ", so lines that name ", bare_name_,
                 " alone do not count"}));
}

void Pins::drop_revoked() {
  std::erase_if(pinned_, [this](const HostKey& key) {
    if (!contains(revoked_, key)) return false;
    revoked_pins_ += concat({revoked_pins_.empty() ? "" : ", ", name_of(key)});
    remark(concat({"the pinned key ", name_of(key), " is revoked"}));
    return true;
  });
}

void Pins::close_remarks() {
  if (remarks_left_out_ > 0)
    remarks_.push_back(concat({"and ", std::to_string(remarks_left_out_), " more"}));
}

void Pins::remark(std::string text) {
  if (remarks_.size() < max_remarks)
    remarks_.push_back(std::move(text));
  else
    ++remarks_left_out_;
}

void Pins::remark(const KnownHostsFile& file, const KnownHostsLine& line, std::string_view text) {
  remark(concat({place_of(file, line), ": passed over: ", text}));
}

}  // namespace sshsm::trust
