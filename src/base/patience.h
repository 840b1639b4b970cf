#pragma once

#include "base/deadline.h"

#include <cstddef>
#include <string_view>

namespace sshsm::base {

/// How long, all waits together, somebody may keep us waiting who should be reading what we write
/// for people: a log daemon, the reader of our standard error. Once it is used up what he does not
/// take at once is lost, since words must never hold up mail that was accepted: it would be sent
/// again.
class Patience {
 public:
  explicit Patience(Milliseconds whole) : left_(whole) {}

  /// True when a line can be written to the descriptor without blocking: a pipe or socket that
  /// poll(2) calls writable takes at least PIPE_BUF octets.
  [[nodiscard]] bool wait_until_writable(int descriptor);
  /// Writes the text, as far as it is taken in time and without an error. `at_once` is what
  /// `octets_taken_at_once` said of the descriptor.
  void write(int descriptor, std::string_view text, std::size_t at_once);

 private:
  Milliseconds left_;
};

/// How much can be written without blocking where poll(2) calls the descriptor writable: a terminal
/// promises room for one octet, and the next may wait for ever. To be asked before the sandbox, in
/// which nobody can find out what is a terminal.
[[nodiscard]] std::size_t octets_taken_at_once(int descriptor);

}  // namespace sshsm::base
