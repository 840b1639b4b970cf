#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sink {

/// How much of a message is kept as its head.
constexpr std::size_t max_head = 200;

struct Message {
  std::string sender;                   ///< with angle brackets
  std::vector<std::string> recipients;  ///< with angle brackets
  std::size_t octets = 0;               ///< of the content, counted though it may not be kept
  std::string head;                     ///< the first octets of the content
  std::string content;                  ///< unstuffed, line ends as received
};

/// Where accepted messages go; an empty path means that nothing is kept there.
struct Store {
  std::string mbox;     ///< one file, appended to under a lock
  std::string maildir;  ///< one file per message with its exact bytes
  std::string tally;    ///< a line per message: nanoseconds since 1970, octets, its first line

  [[nodiscard]] bool keeps_content() const { return !mbox.empty() || !maildir.empty(); }
  /// False if it could not be written.
  [[nodiscard]] bool add(const Message& message) const;
};

/// The entry as it stands in an mbox: From_ line, envelope, content with LF and quoted From_ lines.
[[nodiscard]] std::string mbox_entry(const Message& message);

/// Writes everything, whatever write(2) takes at once.
[[nodiscard]] bool write_all(int descriptor, std::string_view bytes);

}  // namespace sink
