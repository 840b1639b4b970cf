#include "admin/mail_user.h"

#include "admin/refusal.h"
#include "base/descriptor.h"
#include "base/failure.h"
#include "base/text.h"
#include "base/unix_socket.h"
#include "privilege/identity.h"
#include "privilege/start.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <new>
#include <string>
#include <vector>

namespace sshsm::admin {
namespace {

using base::Cause;
using base::concat;
using base::Failure;

/// What a message of the child is, by its first byte.
enum class Kind : char { record = 'r', end = 'e', failure = 'f', refusal = 'n' };

constexpr std::size_t max_detail = 1024;
constexpr std::string_view between_parts("\0", 1);

void send_message(int socket, Kind kind, std::string_view text) {
  const std::string message = concat({{reinterpret_cast<const char*>(&kind), 1}, text});
  if (message.size() > max_record + 1) throw Failure(Cause::internal_error, "a record is too long");
  if (send(socket, message.data(), message.size(), MSG_NOSIGNAL) < 0) _exit(1);
}

std::string text_of(const Failure& failed) {
  return concat({base::row_of(failed.cause()).name, between_parts,
                 failed.detail().substr(0, max_detail), between_parts,
                 failed.peer_text().substr(0, max_detail)});
}

/// The child's whole life behind the fork.
[[noreturn]] void work_and_end(const Place& place, const Work& work, int socket) {
  try {
    privilege::become_mail_user(place.caller, place.mail_user.name);
    // Not before: the kernel forgets it where the identity changes.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    work([socket](std::string_view text) { send_message(socket, Kind::record, text); });
    send_message(socket, Kind::end, {});
  } catch (const Failure& failed) {
    send_message(socket, Kind::failure, text_of(failed));
  } catch (const Refusal& refused) {
    send_message(socket, Kind::refusal, refused.sentence().substr(0, max_detail));
  } catch (const std::bad_alloc&) {
    send_message(socket, Kind::failure, text_of(Failure(Cause::resources_exhausted, "memory")));
  } catch (const std::exception& error) {
    send_message(socket, Kind::failure, text_of(Failure(Cause::internal_error, error.what())));
  }
  _exit(0);
}

/// Kills and reaps a process when it goes out of scope.
class Child {
 public:
  explicit Child(pid_t process) : process_(process) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }

 private:
  pid_t process_;
};

[[noreturn]] void throw_failure(std::string_view text) {
  const std::size_t first = std::min(text.find('\0'), text.size());
  const std::size_t second = std::min(text.find('\0', first + 1), text.size());
  const std::string_view name = text.substr(0, first);
  const std::string detail = base::printable(
      text.substr(std::min(first + 1, text.size()), second - first - 1), max_detail);
  const std::string peer_text(text.substr(std::min(second + 1, text.size())));
  for (const base::CauseRow& row : base::all_causes())
    if (row.name == name) throw Failure(row.cause, detail, peer_text);
  throw Failure(Cause::internal_error, "a failure without a name");
}

/// One message, empty where there are no more.
std::string receive(int socket, std::vector<char>& buffer) {
  for (;;) {
    const ssize_t size = recv(socket, buffer.data(), buffer.size(), MSG_TRUNC);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) throw Failure(Cause::internal_error, base::system_error_text(errno));
    if (static_cast<std::size_t>(size) > buffer.size())
      throw Failure(Cause::internal_error, "a record is too long");
    return {buffer.data(), static_cast<std::size_t>(size)};
  }
}

void hear_all(int socket, const Hear& hear) {
  std::vector<char> buffer(max_record + 1);
  for (std::size_t count = 0; count <= max_records; ++count) {
    const std::string message = receive(socket, buffer);
    if (message.empty()) throw Failure(Cause::internal_error, "the mail user's process ended");
    const std::string_view text = std::string_view(message).substr(1);
    switch (Kind{message.front()}) {
      case Kind::record:
        hear(text);
        continue;
      case Kind::end:
        return;
      case Kind::failure:
        throw_failure(text);
      case Kind::refusal:
        throw Refusal(base::printable(text, max_detail));
    }
    throw Failure(Cause::internal_error, "a record of no kind");
  }
  throw Failure(Cause::internal_error, "too many records");
}

}  // namespace

void as_mail_user(const Place& place, const Work& work, const Hear& hear) {
  auto [own_end, child_end] = base::socket_pair(SOCK_SEQPACKET);
  const pid_t process = fork();
  if (process < 0) throw Failure(Cause::resources_exhausted, base::system_error_text(errno));
  if (process == 0) {
    // Whatever a peer makes of this process, it reaches neither the terminal nor our files: who has
    // root's terminal can type there (TIOCSTI), and so could the dialler, which has no sandbox.
    setsid();
    for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
      privilege::lead_nowhere(number);
    privilege::close_all_but(child_end.get());
    work_and_end(place, work, child_end.get());
  }
  const Child child(process);
  child_end.reset();
  hear_all(own_end.get(), hear);
}

}  // namespace sshsm::admin
