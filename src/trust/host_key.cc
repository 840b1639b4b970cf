#include "trust/host_key.h"

#include "base/failure.h"
#include "base/text.h"
#include "trust/base64.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>

namespace sshsm::trust {
namespace {

using base::concat;

enum class Shape { octets, point, rsa };

struct KeyType {
  std::string_view type;
  std::string_view short_name;  ///< as ssh-keygen -l prints it
  Shape shape;
  std::string_view curve;  ///< RFC 5656 10.1, or empty
  std::size_t size;        ///< of the octets or the uncompressed point
};

constexpr auto key_types = std::to_array<KeyType>({
    {"ssh-ed25519", "ED25519", Shape::octets, "", 32},
    {"ecdsa-sha2-nistp256", "ECDSA", Shape::point, "nistp256", 65},
    {"ecdsa-sha2-nistp384", "ECDSA", Shape::point, "nistp384", 97},
    {"ecdsa-sha2-nistp521", "ECDSA", Shape::point, "nistp521", 133},
    {"ssh-rsa", "RSA", Shape::rsa, "", 0},
});

const KeyType* find_type(std::string_view type) noexcept {
  const auto* const found = std::find_if(key_types.begin(), key_types.end(),
                                         [type](const KeyType& row) { return row.type == type; });
  return found == key_types.end() ? nullptr : found;
}

// OpenSSH 9 takes the short name for the type of a blob as well, where that says which it is, and
// the names of RSA's signatures for RSA.
const KeyType* find_type_in_blob(std::string_view type) noexcept {
  if (type == "rsa-sha2-256" || type == "rsa-sha2-512") return find_type("ssh-rsa");
  for (const KeyType& row : key_types)
    if (row.shape != Shape::point && base::equals_ignoring_case(row.short_name, type)) return &row;
  return find_type(type);
}

// Takes the strings of RFC 4251 section 5 off the front of a blob.
class BlobReader {
 public:
  explicit BlobReader(std::string_view blob) : rest_(blob) {}

  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }

  std::optional<std::string_view> string() {
    if (rest_.size() < 4) return std::nullopt;
    std::size_t length = 0;
    for (const char c : rest_.substr(0, 4)) length = length << 8 | static_cast<unsigned char>(c);
    if (length > rest_.size() - 4) return std::nullopt;
    const std::string_view value = rest_.substr(4, length);
    rest_.remove_prefix(4 + length);
    return value;
  }

  // OpenSSH reads a name with one NUL behind it as the name.
  std::optional<std::string_view> name() {
    auto value = string();
    if (value && value->ends_with('\0')) value->remove_suffix(1);
    return value;
  }

  // A positive number without the zeros before it.
  std::optional<std::string_view> number() {
    auto value = string();
    if (!value || (!value->empty() && (value->front() & 0x80) != 0)) return std::nullopt;
    value->remove_prefix(std::min(value->find_first_not_of('\0'), value->size()));
    return value;
  }

 private:
  std::string_view rest_;
};

void append_string(std::string& blob, std::string_view value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    blob += static_cast<char>(value.size() >> shift & 0xff);
  blob += value;
}

void append_number(std::string& blob, std::string_view value) {
  const bool needs_sign = !value.empty() && (value.front() & 0x80) != 0;
  append_string(blob, concat({needs_sign ? std::string_view("\0", 1) : "", value}));
}

std::size_t bits_of(std::string_view number) {
  if (number.empty()) return 0;
  const auto first = static_cast<unsigned char>(number.front());
  return number.size() * 8 - static_cast<std::size_t>(std::countl_zero(first));
}

// Each reads what stands behind the type and appends its one spelling; false where it is no key.

bool read_octets(BlobReader& reader, const KeyType& row, std::string& blob) {
  const auto octets = reader.string();
  if (!octets || octets->size() != row.size) return false;
  append_string(blob, *octets);
  return true;
}

bool read_point(BlobReader& reader, const KeyType& row, std::string& blob) {
  constexpr char uncompressed = 4;
  const auto curve = reader.name();
  if (curve != row.curve) return false;
  const auto point = reader.string();
  if (!point || point->size() != row.size || point->front() != uncompressed) return false;
  append_string(blob, *curve);
  append_string(blob, *point);
  return true;
}

bool read_rsa(BlobReader& reader, std::string& blob) {
  const auto exponent = reader.number();
  if (!exponent || bits_of(*exponent) > max_rsa_bits) return false;
  const auto modulus = reader.number();
  if (!modulus || bits_of(*modulus) < min_rsa_bits || bits_of(*modulus) > max_rsa_bits)
    return false;
  append_number(blob, *exponent);
  append_number(blob, *modulus);
  return true;
}

bool read_numbers(BlobReader& reader, const KeyType& row, std::string& blob) {
  switch (row.shape) {
    case Shape::octets:
      return read_octets(reader, row, blob);
    case Shape::point:
      return read_point(reader, row, blob);
    case Shape::rsa:
      return read_rsa(reader, blob);
  }
  return false;
}

std::string without_white_space(std::string_view text) {
  std::string kept(text);
  std::erase_if(kept, [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); });
  return kept;
}

}  // namespace

std::string fingerprint(std::string_view blob) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  std::size_t length = 0;
  if (EVP_Q_digest(nullptr, "SHA256", nullptr, blob.data(), blob.size(), hash.data(), &length) != 1)
    throw base::Failure(base::Cause::internal_error, "libcrypto has no SHA256");
  std::string text = encode_base64({reinterpret_cast<const char*>(hash.data()), length});
  text.erase(text.find_last_not_of('=') + 1);
  return "SHA256:" + text;
}

std::string name_of(const HostKey& key) {
  const KeyType* const row = find_type(key.type);
  return concat({row == nullptr ? base::printable(key.type, 64) : std::string(row->short_name), " ",
                 fingerprint(key.blob)});
}

std::vector<std::string> all_host_key_types() {
  std::vector<std::string> types;
  for (const KeyType& row : key_types) types.emplace_back(row.type);
  return types;
}

bool is_host_key_type(std::string_view type) noexcept {
  return find_type(type) != nullptr;
}

std::optional<HostKey> read_blob(std::string_view blob) {
  BlobReader reader(blob);
  const auto type = reader.name();
  if (!type) return std::nullopt;
  const KeyType* const row = find_type_in_blob(*type);
  if (row == nullptr) return std::nullopt;
  HostKey key{std::string(row->type), {}};
  append_string(key.blob, row->type);
  if (!read_numbers(reader, *row, key.blob) || !reader.is_at_end()) return std::nullopt;
  return key;
}

std::optional<HostKey> read_pin(std::string_view type, std::string_view base64) {
  const auto blob = decode_base64(base64);
  if (!blob) return std::nullopt;
  auto key = read_blob(*blob);
  if (!key || key->type != type || key->blob != *blob) return std::nullopt;
  return key;
}

std::optional<HostKey> read_revocation(std::string_view base64) {
  const auto blob = decode_base64(without_white_space(base64));
  return blob ? read_blob(*blob) : std::nullopt;
}

}  // namespace sshsm::trust
