#include "keeper/attendance.h"

#include "base/failure.h"
#include "base/log.h"
#include "base/passed_descriptors.h"
#include "base/text.h"
#include "keeper/arguments.h"
#include "keeper/log_daemon.h"
#include "keeper/metrics_file.h"
#include "keeper/stamps.h"
#include "keeper/texts.h"
#include "mailer/configuration.h"
#include "mailer/host_pins.h"
#include "privilege/start.h"
#include "privilege/trusted_file.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace sshsm::keeper {
namespace {

using base::Descriptor;
using base::Failure;

class Attendance {
 public:
  Attendance(const Place& place, AttendantSockets sockets, const std::vector<std::string>& paths)
      : place_(place),
        sockets_(std::move(sockets)),
        paths_(paths),
        metrics_file_(place.metrics_file) {}

  [[noreturn]] void run() {
    for (;;) {
      std::array<pollfd, 4> watched{
          pollfd{sockets_.loads.get(), POLLIN, 0}, pollfd{sockets_.questions.get(), POLLIN, 0},
          pollfd{sockets_.log.get(), POLLIN, 0}, pollfd{sockets_.metrics.get(), POLLIN, 0}};
      if (poll(watched.data(), watched.size(), -1) < 0) continue;
      if (watched[3].revents != 0) write_metrics();
      if (watched[2].revents != 0) hand_on_line();
      if (watched[1].revents != 0) answer_question();
      if (watched[0].revents != 0) answer_load();
    }
  }

 private:
  /// The keeper's end of a socket closes only with him.
  std::size_t receive(int socket, std::span<char> buffer) {
    const ssize_t count = recv(socket, buffer.data(), buffer.size(), 0);
    if (count <= 0) end();
    return static_cast<std::size_t>(count);
  }

  [[noreturn]] void end() {
    static_cast<void>(metrics_file_.write_end());
    for (const std::string& path : paths_) unlink(path.c_str());
    _exit(0);
  }

  void hand_on_line() {
    std::array<char, max_log_line> line{};
    const std::size_t size = receive(sockets_.log.get(), line);
    log_daemon_.hand_on({line.data(), size});
  }

  void write_metrics() {
    std::array<char, max_metrics> text{};
    const std::size_t size = receive(sockets_.metrics.get(), text);
    tell_metrics_fault(metrics_file_.write({text.data(), size}));
  }

  void move_metrics(const std::string& path) {
    if (path == metrics_file_.path()) return;
    is_fault_told_ = false;
    tell_metrics_fault(metrics_file_.move_to(path));
  }

  /// The first one of a file, and no other: it would be told every few seconds.
  void tell_metrics_fault(int error) {
    if (error != 0 && !std::exchange(is_fault_told_, true))
      base::Log(std::string(program_name))
          .write(LOG_WARNING,
                 base::concat({place_.destination, ": cannot write metrics-file ",
                               metrics_file_.path(), ": ", base::system_error_text(error)}));
  }

  void answer_question() {
    std::array<char, 1> request{};
    receive(sockets_.questions.get(), request);
    const char word = stamps_.have_changed() ? changed_word : unchanged_word;
    if (send(sockets_.questions.get(), &word, sizeof word, MSG_NOSIGNAL) < 0) end();
  }

  void answer_load() {
    std::array<char, 1> request{};
    receive(sockets_.loads.get(), request);
    LoadAnswer answer;
    std::unique_ptr<ssh::Dialler> dialler;
    Descriptor texts;
    try {
      texts = load(dialler);
      answer.is_loaded = true;
    } catch (const Failure& failure) {
      answer.cause = failure.cause();
      answer.detail.assign(failure.detail());
    }
    std::vector<int> descriptors;
    if (answer.is_loaded) descriptors.push_back(texts.get());
    if (answer.is_loaded)
      for (const Descriptor& socket : dialler->sockets()) descriptors.push_back(socket.get());
    send_answer(answer, descriptors);
  }

  /// Each file is looked at before it is read, so that a change in between is one since.
  Descriptor load(std::unique_ptr<ssh::Dialler>& dialler) {
    stamps_.clear();
    Texts texts;
    texts.own.path = mailer::configuration_path(place_.directory, place_.destination);
    stamps_.add(texts.own.path);
    stamps_.add(mailer::configuration_path(place_.directory, "sshsm"));
    texts.own.text = privilege::read_trusted_file(texts.own.path, privilege::configuration_rules);
    texts.defaults = mailer::read_defaults(place_.directory, privilege::configuration_rules);
    const config::Destination destination =
        config::read_destination(place_.destination, place_.directory, texts.own, texts.defaults,
                                 place_.caller.is_foreign());
    move_metrics(destination.metrics_file);
    for (const std::string& path : destination.known_hosts_files) stamps_.add(path);
    stamps_.add(destination.identity_file);
    if (!destination.certificate_file.empty()) stamps_.add(destination.certificate_file);
    texts.known_hosts = mailer::read_known_hosts(destination, destination.host_keys.empty());
    // Judged here only for the order of the sentences: who has no pins need not be told of his key.
    static_cast<void>(mailer::pins_of_hosts(destination, texts.known_hosts));
    // Before the key is read: the children that parse what name servers say never have it.
    dialler = std::make_unique<ssh::Dialler>(destination);
    texts.key = mailer::read_key(destination);
    Descriptor packed = pack(texts);
    explicit_bzero(texts.key.key.data(), texts.key.key.size());
    return packed;
  }

  void send_answer(const LoadAnswer& answer, const std::vector<int>& descriptors) {
    if (!base::send_with_descriptors(sockets_.loads.get(), std::as_bytes(std::span(&answer, 1)),
                                     descriptors))
      end();
  }

  const Place& place_;
  AttendantSockets sockets_;
  const std::vector<std::string>& paths_;
  MetricsFile metrics_file_;
  bool is_fault_told_ = false;
  Stamps stamps_;
  LogDaemon log_daemon_;
};

/// The keeper finishes what is in flight when he is stopped, and wants its log lines written: the
/// signal that a terminal or systemd sends to all of us is for him. Who dialled is reaped by
/// nobody.
void leave_signals_to_the_keeper() {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) std::signal(number, SIG_IGN);
}

}  // namespace

void attend(const Place& place, AttendantSockets sockets, const std::vector<std::string>& paths) {
  privilege::set_signal_descriptor(-1);
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    privilege::lead_nowhere(number);
  leave_signals_to_the_keeper();
  Attendance(place, std::move(sockets), paths).run();
}

}  // namespace sshsm::keeper
