#pragma once

#include <string>
#include <string_view>

namespace sshsm::admin {

/// A command that does no harm and whose output nobody else writes.
class OwnCommand {
 public:
  /// A new one each time: a host that has seen one cannot answer the next.
  OwnCommand();
  /// For tests.
  explicit OwnCommand(std::string word) : word_(std::move(word)) {}

  /// `echo sshsm-check-…`
  [[nodiscard]] std::string text() const { return "echo " + word_; }
  /// True where a line of the output is what the command writes. The word alone is no proof: a
  /// forced command may tell what it was asked for.
  [[nodiscard]] bool has_run(std::string_view output) const;

 private:
  std::string word_;
};

/// True where a line of the output is the beginning of an SMTP reply, so that a mail server runs.
[[nodiscard]] bool has_greeting(std::string_view output);

}  // namespace sshsm::admin
