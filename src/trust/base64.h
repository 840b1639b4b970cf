#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sshsm::trust {

/// RFC 4648 section 4, with padding.
[[nodiscard]] std::string encode_base64(std::string_view bytes);

/// The bytes, or nothing where the text is not exactly what `encode_base64` would write for them:
/// no blanks, no missing padding, no stray bits, so that a key has one spelling only.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace sshsm::trust
