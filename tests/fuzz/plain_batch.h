#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sshsm::fuzz {

/// A message of a batch as anybody would read it who has all of the file before him.
struct PlainMessage {
  std::vector<std::string> recipients;  ///< what stands behind `RCPT TO:`
  std::string body;                     ///< canonical
};

/// The oracle for the batch reader: each message with its dot, in their order, of a text all of
/// whose commands are good. It knows nothing of what is malformed, so it is only asked about what
/// was read without a complaint.
[[nodiscard]] std::vector<PlainMessage> read_plain_batch(std::string_view text);

}  // namespace sshsm::fuzz
