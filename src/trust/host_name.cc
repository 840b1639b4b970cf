#include "trust/host_name.h"

#include "base/failure.h"
#include "base/text.h"
#include "trust/base64.h"

#include <arpa/inet.h>
#include <openssl/evp.h>

#include <array>
#include <optional>

namespace sshsm::trust {
namespace {

constexpr std::size_t sha1_size = 20;

std::string hmac_sha1(std::string_view key, std::string_view text) {
  std::array<unsigned char, sha1_size> mac{};
  std::size_t length = 0;
  if (EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA1", nullptr, key.data(), key.size(),
                reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(),
                mac.size(), &length) == nullptr)
    throw base::Failure(base::Cause::internal_error, "libcrypto has no HMAC-SHA1");
  return {reinterpret_cast<const char*>(mac.data()), length};
}

bool names_hashed(std::string_view field, std::string_view name) {
  constexpr std::string_view magic = "|1|";
  if (!field.starts_with(magic)) return false;
  field.remove_prefix(magic.size());
  const std::size_t bar = field.find('|');
  if (bar == std::string_view::npos) return false;
  const auto salt = decode_base64(field.substr(0, bar));
  const auto hash = decode_base64(field.substr(bar + 1));
  if (!salt || salt->size() != sha1_size || !hash || hash->size() != sha1_size) return false;
  return hmac_sha1(*salt, name) == *hash;
}

template <int family, typename Address>
std::string address_text(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return inet_ntop(family, &address, text.data(), text.size()) == nullptr ? "" : text.data();
}

}  // namespace

std::string canonical_host(std::string_view host) {
  const std::string name(host);
  in_addr inet{};
  if (inet_aton(name.c_str(), &inet) != 0) return address_text<AF_INET>(inet);
  in6_addr inet6{};
  if (inet_pton(AF_INET6, name.c_str(), &inet6) == 1) return address_text<AF_INET6>(inet6);
  return base::to_lower(name);
}

std::string with_port(std::string_view host, unsigned port) {
  if (port == 22) return std::string(host);
  return base::concat({"[", host, "]:", std::to_string(port)});
}

bool names_host(std::string_view field, std::string_view name) {
  if (field.starts_with('|')) return names_hashed(field, name);
  const std::string list = base::to_lower(field);
  bool is_named = false;
  for (std::size_t start = 0; start < list.size();) {
    const bool is_negated = list[start] == '!';
    if (is_negated) ++start;
    const std::size_t end = std::min(list.find(',', start), list.size());
    const std::string_view pattern = std::string_view(list).substr(start, end - start);
    if (pattern.size() > max_pattern) return false;
    start = end + 1;
    if (!matches_pattern(pattern, name)) continue;
    if (is_negated) return false;
    is_named = true;
  }
  return is_named;
}

bool matches_pattern(std::string_view pattern, std::string_view text) noexcept {
  std::size_t at = 0;
  std::size_t behind_star = std::string_view::npos;
  std::size_t taken_by_star = 0;
  // Only the last star needs another try: what it takes covers all that an earlier one could.
  for (std::size_t i = 0; i < text.size();) {
    if (at < pattern.size() && pattern[at] == '*') {
      behind_star = ++at;
      taken_by_star = i;
    } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == text[i])) {
      ++at;
      ++i;
    } else if (behind_star != std::string_view::npos) {
      at = behind_star;
      i = ++taken_by_star;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

}  // namespace sshsm::trust
