#pragma once

namespace sshsm::smtp {

/// What a machine waits for from the mail server; each has its own time limit (RFC 5321 4.5.3.2).
enum class Wait {
  greeting,
  reply,     ///< to a command
  go_ahead,  ///< to DATA
  block,     ///< the peer takes a piece of the message
  dot,       ///< to the final dot, or the last chunk
  nothing,   ///< it is the caller's turn and no reply is due
};

}  // namespace sshsm::smtp
