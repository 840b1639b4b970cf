#include "ssh/proxy_service.h"

#include "base/failure.h"
#include "ssh/dial_service.h"
#include "ssh/proxy_process.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace sshsm::ssh {
namespace {

using base::Deadline;

class ProxyService {
 public:
  ProxyService(std::vector<std::string> arguments, base::Descriptor socket)
      : arguments_(std::move(arguments)), socket_(std::move(socket)) {}

  void run() {
    DialRequest request;
    while (receive(request)) {
      if (request.kind == DialRequest::Kind::proxy_state)
        tell_state();
      else
        connect();
    }
    proxy_.reset();
  }

 private:
  /// False when the parent has gone.
  bool receive(DialRequest& request) {
    while (proxy_ && !proxy_->wait(socket_.get(), Deadline::never()))
      if (proxy_->is_unwanted()) proxy_->end();
    return recv(socket_.get(), &request, sizeof request, 0) == sizeof request;
  }

  void connect() {
    try {
      proxy_.reset();
      proxy_ = std::make_unique<ProxyProcess>(arguments_);
      DialAnswer answer;
      answer.is_connected = true;
      answer.address.assign(proxy_address);
      const base::Descriptor connection = proxy_->take_connection();
      send_dial_answer(socket_.get(), answer, connection.get());
    } catch (const base::Failure& failure) {
      send_dial_answer(socket_.get(), dial_answer_to(failure), -1);
    }
  }

  void tell_state() {
    ProxyAnswer answer;
    ProxyState state;
    if (proxy_) state = proxy_->state();
    answer.exit_status = state.exit_status.value_or(ProxyAnswer::none);
    answer.signal = state.signal.value_or(ProxyAnswer::none);
    // It would seem to end there.
    std::replace(state.error_output.begin(), state.error_output.end(), '\0', ' ');
    answer.error_output.assign(state.error_output);
    if (send(socket_.get(), &answer, sizeof answer, MSG_NOSIGNAL) < 0) _exit(0);
  }

  std::vector<std::string> arguments_;
  base::Descriptor socket_;
  std::unique_ptr<ProxyProcess> proxy_;
};

}  // namespace

void serve_proxies(const config::Destination& destination, const std::string& host,
                   base::Descriptor socket) {
  // The end of the socket tells of the parent's end, too, also where he was killed; and that leaves
  // time to end what runs here.
  prctl(PR_SET_PDEATHSIG, 0);
  // Ctrl-C, and a mail server that kills the process group it started, mean the parent as well: to
  // die with him would leave behind what the proxy-command started.
  setsid();
  ProxyService(expand_proxy_command(destination.proxy_command, host, destination.port),
               std::move(socket))
      .run();
  _exit(0);
}

}  // namespace sshsm::ssh
