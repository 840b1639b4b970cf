#include "keeper/attendant.h"

#include "base/failure.h"
#include "base/passed_descriptors.h"
#include "base/text.h"
#include "base/unix_socket.h"
#include "keeper/attendance.h"
#include "keeper/texts.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <utility>
#include <vector>

namespace sshsm::keeper {
namespace {

using base::Cause;
using base::Descriptor;
using base::Failure;

/// Files on a server that does not answer hold up the attendant, and with him every new line.
constexpr base::Milliseconds max_load_time{60000};
/// An answer is a look at half a dozen files.
constexpr base::Milliseconds max_answer_time{10000};

[[noreturn]] void throw_gone() {
  throw Failure(Cause::attendant_gone);
}

bool is_asked(const Descriptor& socket) {
  return send(socket.get(), &request_word, sizeof request_word, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

LoadAnswer receive_answer(int socket, std::vector<Descriptor>& descriptors) {
  LoadAnswer answer;
  if (!base::receive_with_descriptors(socket, std::as_writable_bytes(std::span(&answer, 1)),
                                      descriptors))
    throw_gone();
  return answer;
}

/// In the child: who connects is not to wait for somebody who accepts nobody. Returns what is to be
/// unlinked.
std::vector<std::string> let_go_of(const std::vector<Listener>& listeners) {
  std::vector<std::string> paths;
  for (const Listener& listener : listeners) {
    close(listener.descriptor.get());
    if (!listener.is_inherited && !listener.path.empty()) paths.push_back(listener.path);
  }
  return paths;
}

}  // namespace

Attendant::Attendant(const Place& place, const std::vector<Listener>& listeners) : place_(place) {
  auto [loads, child_loads] = base::socket_pair(SOCK_SEQPACKET);
  auto [questions, child_questions] = base::socket_pair(SOCK_SEQPACKET);
  auto [log, child_log] = base::socket_pair(SOCK_SEQPACKET);
  auto [metrics, child_metrics] = base::socket_pair(SOCK_SEQPACKET);
  const pid_t child = fork();
  if (child < 0) throw Failure(Cause::resources_exhausted, base::system_error_text(errno));
  if (child == 0) {
    loads.reset();
    questions.reset();
    log.reset();
    metrics.reset();
    attend(place,
           {std::move(child_loads), std::move(child_questions), std::move(child_log),
            std::move(child_metrics)},
           let_go_of(listeners));
  }
  loads_ = std::move(loads);
  questions_ = std::move(questions);
  log_ = std::move(log);
  metrics_ = std::move(metrics);
}

void Attendant::await_load(base::Waiter& waiter) {
  if (waiter.wait(loads_.get(), POLLIN, base::Deadline::after(max_load_time)) == 0) throw silence();
  is_load_due_ = false;
}

void Attendant::drop_late_answer(base::Waiter& waiter) {
  if (!is_load_due_) return;
  await_load(waiter);
  std::vector<Descriptor> descriptors;
  static_cast<void>(receive_answer(loads_.get(), descriptors));
}

Loaded Attendant::load(base::Waiter& waiter) {
  drop_late_answer(waiter);
  if (!is_asked(loads_)) throw_gone();
  is_load_due_ = true;
  has_change_ = false;
  await_load(waiter);
  std::vector<Descriptor> descriptors;
  const LoadAnswer answer = receive_answer(loads_.get(), descriptors);
  if (!answer.is_loaded) throw Failure(answer.cause, std::string(answer.detail.view()));
  if (descriptors.empty()) throw_gone();
  Texts texts = unpack(descriptors.front());
  descriptors.erase(descriptors.begin());
  config::Destination destination = config::read_destination(
      place_.destination, place_.directory, texts.own, texts.defaults, place_.caller.is_foreign());
  // The name cannot be asked for in the sandbox.
  if (destination.helo.empty()) destination.helo = place_.host_name;
  auto dialler = std::make_unique<ssh::Dialler>(destination, std::move(descriptors));
  return {mailer::make_setup(std::move(destination), texts.known_hosts, std::move(texts.key)),
          std::move(dialler)};
}

bool Attendant::write_metrics(std::string_view text) {
  text = text.substr(0, max_metrics);
  return send(metrics_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

base::Failure Attendant::silence() {
  return Failure(Cause::answer_timed_out, "the keeper's attendant");
}

base::Deadline Attendant::end_of_patience() const {
  if (is_gone() || asked_ == answered_) return base::Deadline::never();
  return base::Deadline(asked_at_ + max_answer_time);
}

std::uint64_t Attendant::ask() {
  if (asked_ == answered_) send_question();
  // One on its way may have been answered already for what was true before this call.
  else
    is_asked_again_ = true;
  return is_asked_again_ ? asked_ + 1 : asked_;
}

void Attendant::send_question() {
  // Where he is gone, `hear` sees it.
  static_cast<void>(is_asked(questions_));
  asked_at_ = base::Clock::now();
  ++asked_;
}

void Attendant::hear() {
  char word = 0;
  const ssize_t count = recv(questions_.get(), &word, sizeof word, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count != 1) return questions_.reset();
  if (word != unchanged_word) has_change_ = true;
  answered_ = asked_;
  if (std::exchange(is_asked_again_, false)) send_question();
}

}  // namespace sshsm::keeper
