#include "ssh/proxy_process.h"

#include "base/failure.h"
#include "base/text.h"
#include "base/unix_socket.h"
#include "privilege/signals.h"
#include "privilege/start.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <tuple>

namespace sshsm::ssh {
namespace {

using base::Cause;
using base::Deadline;
using base::Descriptor;
using base::Failure;

/// Scripts call their helpers by name.
constexpr const char* search_path = "PATH=/usr/bin:/bin";

void require(bool is_good) {
  if (!is_good) throw Failure(Cause::resources_exhausted, base::system_error_text(errno));
}

struct Pipe {
  Descriptor reader;
  Descriptor writer;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  require(pipe2(ends.data(), O_CLOEXEC) == 0);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

void make_non_blocking(const Descriptor& descriptor) {
  require(fcntl(descriptor.get(), F_SETFL, O_NONBLOCK) == 0);
}

/// Blocked, they wait in the descriptor instead of interrupting anybody. Who was forked by a
/// process that ignores the ends of its children would never hear of any.
Descriptor watch_children() {
  std::signal(SIGCHLD, SIG_DFL);
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_BLOCK, &children, nullptr);
  Descriptor watch(signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK));
  require(bool(watch));
  return watch;
}

bool is_shortage(int error) {
  return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
}

/// Returns when the program runs, since that closes the pipe, or when it could not be run.
void wait_for_start(const Descriptor& report, const std::string& program) {
  int error = 0;
  if (read(report.get(), &error, sizeof error) != sizeof error) return;
  if (is_shortage(error)) throw Failure(Cause::resources_exhausted, base::system_error_text(error));
  throw Failure(Cause::configuration_invalid,
                base::concat({"proxy-command ", program, ": ", base::system_error_text(error)}));
}

}  // namespace

std::vector<std::string> expand_proxy_command(std::span<const std::string> words,
                                              std::string_view host, std::uint16_t port) {
  std::vector<std::string> arguments;
  for (const std::string& word : words) {
    std::string& argument = arguments.emplace_back();
    for (std::size_t at = 0; at < word.size(); ++at) {
      const char escape = word[at] == '%' && at + 1 < word.size() ? word[++at] : '\0';
      if (escape == 'h')
        argument += host;
      else if (escape == 'p')
        argument += std::to_string(port);
      else
        argument += word[at];
    }
  }
  return arguments;
}

std::string ProxyState::end_words() const {
  if (signal) return "killed by signal " + std::to_string(*signal);
  return exit_status ? "exit status " + std::to_string(*exit_status) : std::string();
}

ProxyProcess::ProxyProcess(const std::vector<std::string>& arguments)
    : children_(watch_children()) {
  std::tie(connection_, far_end_) = base::socket_pair(SOCK_STREAM);
  make_non_blocking(connection_);
  Pipe errors = make_pipe();
  make_non_blocking(errors.reader);
  error_output_ = std::move(errors.reader);
  start(arguments, std::move(errors.writer));
}

void ProxyProcess::start(const std::vector<std::string>& arguments, Descriptor error_end) {
  Pipe report = make_pipe();
  const pid_t parent = getpid();
  process_ = fork();
  require(process_ >= 0);
  if (process_ == 0) become(arguments, error_end.get(), report.writer.get(), parent);
  report.writer.reset();
  try {
    wait_for_start(report.reader, arguments.front());
  } catch (const Failure&) {
    // Nobody looks after an object that was never made.
    waitpid(process_, nullptr, 0);
    throw;
  }
}

void ProxyProcess::become(const std::vector<std::string>& arguments, int error_end, int report,
                          pid_t parent) const {
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
  dup2(far_end_.get(), STDIN_FILENO);
  dup2(far_end_.get(), STDOUT_FILENO);
  dup2(error_end, STDERR_FILENO);
  privilege::close_all_but(report);
  privilege::take_default_signals();
  [[maybe_unused]] const int moved = chdir("/");
  std::vector<char*> words;
  for (const std::string& argument : arguments)
    words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  std::array<char*, 2> environment{const_cast<char*>(search_path), nullptr};
  execve(words.front(), words.data(), environment.data());
  const int error = errno;
  [[maybe_unused]] const auto written = write(report, &error, sizeof error);
  _exit(1);
}

bool ProxyProcess::wait(int socket, Deadline deadline) {
  std::array<pollfd, 4> watched{pollfd{socket, POLLIN, 0},
                                {error_output_.get(), POLLIN, 0},
                                {children_.get(), POLLIN, 0},
                                {far_end_.get(), 0, 0}};  // it hangs up when ours is closed
  poll(watched.data(), watched.size(), deadline.poll_timeout());
  if (watched[1].revents != 0) read_error_output();
  if (watched[2].revents != 0) collect();
  if (watched[3].revents != 0) is_unwanted_ = true;
  return watched[0].revents != 0;
}

void ProxyProcess::read_error_output() {
  std::array<char, 16384> buffer{};
  const ssize_t size = read(error_output_.get(), buffer.data(), buffer.size());
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) return error_output_.reset();
  last_words_.append(buffer.data(), static_cast<std::size_t>(size));
  // Twice as much, so that a last line end takes nothing away.
  if (last_words_.size() > 2 * max_error_output)
    last_words_.erase(0, last_words_.size() - 2 * max_error_output);
}

/// The group is killed before its leader is reaped: as long as he is there nobody else can have its
/// number.
void ProxyProcess::collect() {
  signalfd_siginfo signal{};
  while (read(children_.get(), &signal, sizeof signal) > 0) continue;
  siginfo_t end{};
  const auto process = static_cast<id_t>(process_);
  if (process_ < 0 || waitid(P_PID, process, &end, WEXITED | WNOHANG | WNOWAIT) != 0 ||
      end.si_pid != process_)
    return;
  kill(-process_, SIGKILL);
  has_status_ = waitpid(process_, &status_, 0) == process_;
  process_ = -1;
  // What a pipe holds, and no more: somebody may go on writing who left the group.
  for (int piece = 0; piece < 8 && error_output_; ++piece) read_error_output();
  error_output_.reset();
  hang_up();
}

void ProxyProcess::hang_up() {
  // Whoever else has this end, ours sees the end of the stream.
  if (far_end_) shutdown(far_end_.get(), SHUT_RDWR);
  far_end_.reset();
}

bool ProxyProcess::ends_within(base::Milliseconds span) {
  const Deadline deadline = Deadline::after(span);
  while (!has_ended() && !deadline.passed()) wait(-1, deadline);
  return has_ended();
}

void ProxyProcess::end() {
  hang_up();
  if (ends_within(patience)) return;
  kill(-process_, SIGTERM);
  if (ends_within(patience)) return;
  kill(-process_, SIGKILL);
  ends_within(patience);
}

ProxyState ProxyProcess::state() const {
  ProxyState state;
  if (has_status_ && WIFEXITED(status_)) state.exit_status = WEXITSTATUS(status_);
  if (has_status_ && WIFSIGNALED(status_)) state.signal = WTERMSIG(status_);
  std::string_view words = last_words_;
  words = words.substr(0, words.find_last_not_of(" \r\n") + 1);
  words.remove_prefix(words.size() - std::min(words.size(), max_error_output));
  state.error_output = words;
  return state;
}

}  // namespace sshsm::ssh
