#include "trust/base64.h"

#include <openssl/evp.h>

#include <cstddef>
#include <limits>

namespace sshsm::trust {
namespace {

// libcrypto counts in int.
constexpr std::size_t max_coded = std::numeric_limits<int>::max() / 2;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::size_t padding_of(std::string_view text) {
  return text.size() - (text.find_last_not_of('=') + 1);
}

}  // namespace

std::string encode_base64(std::string_view bytes) {
  if (bytes.size() > max_coded) return {};
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes_of(bytes),
                  static_cast<int>(bytes.size()));
  text.pop_back();
  return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0 || text.size() > max_coded) return std::nullopt;
  const std::size_t padding = padding_of(text);
  if (padding > 2) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), bytes_of(text),
                                     static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  bytes.resize(bytes.size() - padding);
  // EVP_DecodeBlock forgives blanks and stray bits; the way back forgives nothing.
  if (encode_base64(bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace sshsm::trust
