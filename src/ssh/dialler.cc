#include "ssh/dialler.h"

#include "base/failure.h"
#include "base/passed_descriptors.h"
#include "base/text.h"
#include "base/unix_socket.h"
#include "ssh/dial_service.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <utility>

namespace sshsm::ssh {
namespace {

using base::Cause;
using base::Failure;

/// How much longer than the deadline the parent waits for the child's own words about it.
constexpr base::Milliseconds grace{1000};

void end_with_parent(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
}

/// Receives an answer and the descriptor that came with it, if any. A short read is a dead child.
DialAnswer receive_answer(int socket, base::Descriptor& connection) {
  DialAnswer answer;
  std::vector<base::Descriptor> passed;
  if (!base::receive_with_descriptors(socket, std::as_writable_bytes(std::span(&answer, 1)),
                                      passed))
    throw Failure(Cause::internal_error, "the dialler ended");
  if (!passed.empty()) connection = std::move(passed.front());
  return answer;
}

void send_request(int socket, const DialRequest& request) {
  if (send(socket, &request, sizeof request, MSG_NOSIGNAL) < 0)
    throw Failure(Cause::internal_error, "the dialler ended");
}

DialRequest request_for(const std::vector<std::string>& left_out, base::Deadline deadline) {
  DialRequest request;
  request.milliseconds = static_cast<std::uint32_t>(std::max(0, deadline.poll_timeout()));
  const std::size_t count = std::min(left_out.size(), request.left_out.size());
  request.left_out_count = static_cast<std::uint32_t>(count);
  for (std::size_t i = 0; i < count; ++i) request.left_out[i].assign(left_out[i]);
  return request;
}

}  // namespace

static_assert(Dialler::max_left_out == std::tuple_size_v<decltype(DialRequest::left_out)>);

Dialler::Dialler(const config::Destination& destination)
    : hosts_(destination.hosts), has_proxy_command_(!destination.proxy_command.empty()) {
  for (const std::string& host : hosts_) start_child(destination, host);
}

Dialler::Dialler(const config::Destination& destination, std::vector<base::Descriptor> sockets)
    : hosts_(destination.hosts),
      has_proxy_command_(!destination.proxy_command.empty()),
      sockets_(std::move(sockets)) {
  if (hosts_.size() != sockets_.size())
    throw Failure(Cause::internal_error, "not a dialler for each host");
}

void Dialler::start_child(const config::Destination& destination, const std::string& host) {
  auto [own_end, child_end] = base::socket_pair(SOCK_SEQPACKET);
  sockets_.push_back(std::move(own_end));
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) throw Failure(Cause::resources_exhausted, base::system_error_text(errno));
  if (child > 0) return;
  sockets_.clear();
  end_with_parent(parent);
  serve_dials(destination, host, std::move(child_end));
}

RaceWinner Dialler::dial(std::size_t host_index, const std::vector<std::string>& left_out,
                         base::Deadline deadline, base::Waiter& waiter) {
  RaceWinner winner;
  const DialAnswer answer =
      ask(host_index, request_for(left_out, deadline), deadline, waiter, winner.connection);
  if (!answer.is_connected || !winner.connection)
    throw Failure(answer.cause, std::string(answer.detail.view()));
  winner.address = answer.address.view();
  winner.others = answer.others;
  winner.failures = answer.detail.view();
  return winner;
}

std::vector<std::string> Dialler::look_up(std::size_t host_index, base::Deadline deadline,
                                          base::Waiter& waiter) {
  DialRequest request = request_for({}, deadline);
  request.kind = DialRequest::Kind::look_up;
  base::Descriptor none;
  const DialAnswer answer = ask(host_index, request, deadline, waiter, none);
  if (!answer.is_found) throw Failure(answer.cause, std::string(answer.detail.view()));
  return base::words_of(answer.detail.view());
}

DialAnswer Dialler::ask(std::size_t host_index, const DialRequest& request, base::Deadline deadline,
                        base::Waiter& waiter, base::Descriptor& connection) {
  const int socket = sockets_.at(host_index).get();
  send_request(socket, request);
  for (;;) {
    // The child keeps the deadline itself but for a resolver that hangs: nothing interrupts that.
    if (waiter.wait(socket, POLLIN, base::Deadline(deadline.time() + grace)) == 0)
      throw_overdue(host_index);
    const DialAnswer answer = receive_answer(socket, connection);
    // The other kind is a late one, to a look-up that was given up.
    if (answer.to == request.kind) return answer;
  }
}

void Dialler::throw_overdue(std::size_t host_index) const {
  if (has_proxy_command_) throw Failure(Cause::proxy_failed, "it does not start");
  throw Failure(Cause::name_lookup_failed,
                base::concat({hosts_.at(host_index), ": the resolver does not answer"}));
}

ProxyState Dialler::proxy_state(std::size_t host_index, base::Waiter& waiter) {
  DialRequest request;
  request.kind = DialRequest::Kind::proxy_state;
  const int socket = sockets_.at(host_index).get();
  send_request(socket, request);
  ProxyAnswer answer;
  if (waiter.wait(socket, POLLIN, base::Deadline::after(grace)) == 0 ||
      recv(socket, &answer, sizeof answer, 0) != static_cast<ssize_t>(sizeof answer))
    throw Failure(Cause::internal_error, "the dialler ended");
  ProxyState state;
  if (answer.exit_status != ProxyAnswer::none) state.exit_status = answer.exit_status;
  if (answer.signal != ProxyAnswer::none) state.signal = answer.signal;
  state.error_output = answer.error_output.view();
  return state;
}

}  // namespace sshsm::ssh
