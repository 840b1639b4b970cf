#include "ssh/unreached_hosts.h"

#include "base/text.h"

#include <algorithm>
#include <array>

namespace sshsm::ssh {
namespace {

using base::Cause;
using base::concat;
using base::Failure;

constexpr auto causes_before_banner =
    std::to_array<Cause>({Cause::name_unknown, Cause::name_lookup_failed, Cause::connection_failed,
                          Cause::connection_timed_out, Cause::no_banner, Cause::proxy_failed});

/// A failed look-up begins its detail with the name, which stands before the sentence already.
std::string without_name(const std::string& detail, const std::string& host) {
  const std::string name = host + ": ";
  return detail.starts_with(name) ? detail.substr(name.size()) : detail;
}

std::string with_detail(std::string words, const std::string& detail) {
  if (!detail.empty()) words += ": " + detail;
  return words;
}

}  // namespace

bool leads_to_next_host(Cause cause) noexcept {
  return std::find(causes_before_banner.begin(), causes_before_banner.end(), cause) !=
         causes_before_banner.end();
}

void UnreachedHosts::add(const std::string& host, const Failure& failure) {
  entries_.push_back({host, std::string(base::row_of(failure.cause()).sentence),
                      without_name(failure.detail(), host), failure});
}

void UnreachedHosts::add_unpinned(const std::string& host, const trust::Pins& pins) {
  const bool is_revoked = !pins.revoked_pins().empty();
  const Cause cause = is_revoked ? Cause::host_key_revoked : Cause::host_key_unpinned;
  entries_.push_back({host, concat({"not tried: ", base::row_of(cause).sentence}),
                      is_revoked ? "pinned " + pins.revoked_pins() : "", std::nullopt});
}

void UnreachedHosts::add_left_over(const std::string& host) {
  entries_.push_back({host, "not tried: no time was left", {}, std::nullopt});
}

std::string UnreachedHosts::last() const {
  const Entry& entry = entries_.back();
  std::string text = with_detail(concat({entry.host, ": ", entry.words}), entry.detail);
  if (entry.failure && !entry.failure->peer_text().empty())
    text += ": " + base::quoted(entry.failure->peer_text(), base::max_peer_text);
  return text;
}

Failure UnreachedHosts::beside(const Failure& failure) const {
  if (entries_.empty()) return failure;
  return Failure(failure.cause(), failure.detail() + others(nullptr), failure.peer_text());
}

Failure UnreachedHosts::sum() const {
  const Entry* const entry = find_last_dialled();
  if (entry == nullptr) return Failure(Cause::internal_error, "no host could be dialled");
  const Failure& failure = *entry->failure;
  if (entries_.size() == 1) return failure;
  return Failure(failure.cause(), base::shortened(failure.detail(), max_detail) + others(entry),
                 base::printable(failure.peer_text(), max_peer_text));
}

const std::string& UnreachedHosts::last_dialled() const {
  const Entry* const entry = find_last_dialled();
  return entry == nullptr ? entries_.back().host : entry->host;
}

const UnreachedHosts::Entry* UnreachedHosts::find_last_dialled() const {
  const auto found = std::find_if(entries_.rbegin(), entries_.rend(),
                                  [](const Entry& entry) { return entry.failure.has_value(); });
  return found == entries_.rend() ? nullptr : &*found;
}

std::string UnreachedHosts::others(const Entry* left_out) const {
  std::string text = others_in_detail(left_out);
  if (text.size() > max_others) text = base::shortened(others_in_short(left_out), max_others);
  return concat({" (other hosts: ", text, ")"});
}

std::string UnreachedHosts::others_in_detail(const Entry* left_out) const {
  std::string text;
  for (const Entry& entry : entries_) {
    if (&entry == left_out) continue;
    text += concat(
        {text.empty() ? "" : "; ", entry.host, ": ", with_detail(entry.words, entry.detail)});
  }
  return text;
}

std::string UnreachedHosts::others_in_short(const Entry* left_out) const {
  std::vector<const Entry*> rest;
  for (const Entry& entry : entries_)
    if (&entry != left_out) rest.push_back(&entry);
  std::string text;
  while (!rest.empty()) {
    const std::string& words = rest.front()->words;
    std::string names;
    std::erase_if(rest, [&](const Entry* entry) {
      if (entry->words != words) return false;
      names += concat({names.empty() ? "" : ", ", entry->host});
      return true;
    });
    text += concat({text.empty() ? "" : "; ", names, ": ", words});
  }
  return text;
}

}  // namespace sshsm::ssh
