#pragma once

#include "base/deadline.h"

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

 private:
  Milliseconds left_;
};

}  // namespace sshsm::base
