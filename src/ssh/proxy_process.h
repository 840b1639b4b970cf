#pragma once

#include "base/deadline.h"
#include "base/descriptor.h"

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::ssh {

/// The words of proxy-command with `%h`, `%p` and `%%` replaced (ssh_config(5), TOKENS). Each stays
/// one argument, whatever the host's name is: no shell ever sees them.
[[nodiscard]] std::vector<std::string> expand_proxy_command(std::span<const std::string> words,
                                                            std::string_view host,
                                                            std::uint16_t port);

/// What became of a proxy-command so far. Nothing but `error_output`: it runs.
struct ProxyState {
  std::optional<int> exit_status;
  std::optional<int> signal;  ///< that killed it
  std::string error_output;   ///< the end of it, without the last line end

  /// `exit status 255`, `killed by signal 9`; empty while it runs.
  [[nodiscard]] std::string end_words() const;
};

/// A running proxy-command: its standard input and output are one end of a socket pair, whose other
/// end is the connection. For the dialler alone, which becomes its parent.
///
/// It is the administrator's own program, but what it leaves behind must not hold us. So its end is
/// the end of the connection, whoever else has the socket by then; it has a session and so a
/// process group of its own, without a terminal to ask anybody on; and the group is killed behind
/// it. What leaves that group on purpose stays (the shared master of `ssh -o ControlPersist`).
class ProxyProcess {
 public:
  /// Of its standard error; what came last says most.
  static constexpr std::size_t max_error_output = 200;
  /// How long it may take to end by itself once the connection is closed; then as long again after
  /// SIGTERM; then comes SIGKILL.
  static constexpr base::Milliseconds patience{500};

  /// Starts the program, by its path, with an environment of PATH alone, in the root directory, and
  /// with no descriptor but 0-2. Throws `Failure` configuration_invalid where there is no such
  /// program, resources_exhausted.
  explicit ProxyProcess(const std::vector<std::string>& arguments);
  ProxyProcess(const ProxyProcess&) = delete;
  ProxyProcess& operator=(const ProxyProcess&) = delete;
  /// As `end`.
  ~ProxyProcess() { end(); }

  /// The connection, once; non-blocking.
  [[nodiscard]] base::Descriptor take_connection() { return std::move(connection_); }

  /// Looks after the process until the deadline, or until something happened that the caller may
  /// want to know; true where `socket` can be read.
  bool wait(int socket, base::Deadline deadline);
  /// True once the connection was closed, so that it has nothing to do any more.
  [[nodiscard]] bool is_unwanted() const { return is_unwanted_; }
  [[nodiscard]] bool has_ended() const { return process_ < 0; }
  [[nodiscard]] ProxyState state() const;

  /// Closes its input, and sees to it that it ends. Takes three times `patience` at most.
  void end();

 private:
  void start(const std::vector<std::string>& arguments, base::Descriptor error_end);
  [[noreturn]] void become(const std::vector<std::string>& arguments, int error_end, int report,
                           pid_t parent) const;
  void hang_up();
  bool ends_within(base::Milliseconds span);
  void read_error_output();
  void collect();

  base::Descriptor children_;  ///< readable when one has ended (signalfd(2))
  base::Descriptor connection_;
  base::Descriptor far_end_;  ///< of the connection, as it has it
  base::Descriptor error_output_;
  pid_t process_ = -1;
  bool is_unwanted_ = false;
  int status_ = 0;  ///< as waitpid(2) gave it
  bool has_status_ = false;
  std::string last_words_;
};

}  // namespace sshsm::ssh
