#include "ssh/address_race.h"

#include "base/failure.h"
#include "base/text.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>

namespace sshsm::ssh {
namespace {

using base::Cause;
using base::Deadline;
using base::Descriptor;
using base::Failure;

constexpr base::Milliseconds head_start{250};
/// More addresses than this are no friend's host, and each costs a descriptor.
constexpr std::size_t max_addresses = 16;

struct Runner {
  const addrinfo* address;
  std::string name;
  Descriptor socket;
  bool has_failed = false;
};

using AddressList = std::unique_ptr<addrinfo, decltype([](addrinfo* list) { freeaddrinfo(list); })>;

int system_family(config::AddressFamily family) {
  switch (family) {
    case config::AddressFamily::any:
      return AF_UNSPEC;
    case config::AddressFamily::inet:
      return AF_INET;
    case config::AddressFamily::inet6:
      return AF_INET6;
  }
  return AF_UNSPEC;
}

/// Addresses of the other family cannot be connected to from a given one, and are no failure.
int family_of(const RaceCourse& course) {
  const int family = system_family(course.family);
  if (family != AF_UNSPEC || course.bind_address.empty()) return family;
  return course.bind_address.find(':') == std::string::npos ? AF_INET : AF_INET6;
}

[[noreturn]] void throw_lookup_failure(const std::string& host, int error) {
  const bool is_unknown = error == EAI_NONAME || error == EAI_NODATA;
  const std::string reason =
      error == EAI_SYSTEM ? base::system_error_text(errno) : gai_strerror(error);
  throw Failure(is_unknown ? Cause::name_unknown : Cause::name_lookup_failed,
                base::concat({host, ": ", reason}));
}

AddressList look_up(const RaceCourse& course) {
  addrinfo hints{};
  hints.ai_family = family_of(course);
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string service = std::to_string(course.port);
  const int error = getaddrinfo(course.host.c_str(), service.c_str(), &hints, &found);
  if (error != 0) throw_lookup_failure(course.host, error);
  return AddressList(found);
}

std::string numeric_name(const addrinfo& address) {
  std::array<char, NI_MAXHOST> name{};
  if (getnameinfo(address.ai_addr, address.ai_addrlen, name.data(), name.size(), nullptr, 0,
                  NI_NUMERICHOST) != 0)
    return "an unprintable address";
  return name.data();
}

/// The first of each family in turn, so that one broken family costs 250 ms and no more.
std::vector<Runner> alternate_families(std::vector<Runner> runners) {
  if (runners.empty()) return runners;
  const int first_family = runners.front().address->ai_family;
  const auto border = std::stable_partition(
      runners.begin(), runners.end(),
      [&](const Runner& runner) { return runner.address->ai_family == first_family; });
  std::vector<Runner> mixed;
  auto one = runners.begin();
  auto other = border;
  while (one != border || other != runners.end()) {
    if (one != border) mixed.push_back(std::move(*one++));
    if (other != runners.end()) mixed.push_back(std::move(*other++));
  }
  return mixed;
}

std::vector<Runner> line_up(const addrinfo* list, const std::vector<std::string>& left_out) {
  std::vector<Runner> runners;
  for (; list != nullptr && runners.size() < max_addresses; list = list->ai_next) {
    std::string name = numeric_name(*list);
    // Twice in /etc/hosts is once on the way: it would count as another address to try.
    const bool is_there = std::any_of(runners.begin(), runners.end(),
                                      [&](const Runner& runner) { return runner.name == name; });
    if (!is_there && std::find(left_out.begin(), left_out.end(), name) == left_out.end())
      runners.push_back({list, std::move(name), {}, false});
  }
  return alternate_families(std::move(runners));
}

class Race {
 public:
  Race(const RaceCourse& course, std::vector<Runner> runners, Deadline deadline)
      : course_(course), runners_(std::move(runners)), deadline_(deadline) {}

  RaceWinner run() {
    while (!deadline_.passed()) {
      if (next_start_.passed() && next_ < runners_.size()) start_next();
      if (running() == 0 && next_ == runners_.size()) throw_all_failed();
      if (Runner* const winner = wait_for_one()) return crown(*winner);
    }
    throw Failure(Cause::connection_timed_out, base::concat({places(), reasons_}));
  }

 private:
  std::size_t running() const {
    return static_cast<std::size_t>(std::count_if(runners_.begin(), runners_.end(),
                                                  [](const Runner& r) { return bool(r.socket); }));
  }

  void start_next() {
    Runner& runner = runners_[next_++];
    next_start_ = Deadline::after(head_start);
    const addrinfo& address = *runner.address;
    Descriptor socket(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket && !bind_it(socket, address.ai_family))
      throw Failure(Cause::connection_failed, base::concat({"bind-address ", course_.bind_address,
                                                            ": ", base::system_error_text(errno)}));
    if (!socket ||
        (connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0 && errno != EINPROGRESS)) {
      give_up(runner, errno);
      return;
    }
    runner.socket = std::move(socket);
  }

  bool bind_it(const Descriptor& socket, int family) const {
    if (course_.bind_address.empty()) return true;
    addrinfo hints{};
    hints.ai_family = family;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST;
    addrinfo* found = nullptr;
    if (getaddrinfo(course_.bind_address.c_str(), nullptr, &hints, &found) != 0) {
      errno = EAFNOSUPPORT;
      return false;
    }
    const AddressList list(found);
    return bind(socket.get(), found->ai_addr, found->ai_addrlen) == 0;
  }

  void give_up(Runner& runner, int error) {
    runner.socket.reset();
    runner.has_failed = true;
    next_start_ = Deadline::after(base::Milliseconds(0));
    reasons_ += base::concat({reasons_.empty() ? "" : ", ", runner.name, " port ",
                              std::to_string(course_.port), ": ", base::system_error_text(error)});
  }

  Runner* wait_for_one() {
    std::vector<pollfd> watched;
    std::vector<Runner*> who;
    for (Runner& runner : runners_) {
      if (!runner.socket) continue;
      watched.push_back({runner.socket.get(), POLLOUT, 0});
      who.push_back(&runner);
    }
    const Deadline until = next_ < runners_.size() ? earlier(deadline_, next_start_) : deadline_;
    if (poll(watched.data(), watched.size(), until.poll_timeout()) <= 0) return nullptr;
    for (std::size_t i = 0; i < watched.size(); ++i) {
      if (watched[i].revents == 0) continue;
      const int error = pending_error(*who[i]);
      if (error == 0) return who[i];
      give_up(*who[i], error);
    }
    return nullptr;
  }

  static int pending_error(const Runner& runner) {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(runner.socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
    return error;
  }

  RaceWinner crown(Runner& winner) {
    const auto able = std::count_if(runners_.begin(), runners_.end(),
                                    [](const Runner& runner) { return !runner.has_failed; });
    return {std::move(winner.socket), winner.name, static_cast<std::size_t>(able - 1), reasons_};
  }

  [[noreturn]] void throw_all_failed() const {
    throw Failure(Cause::connection_failed, reasons_.empty() ? "no usable address" : reasons_);
  }

  std::string places() const {
    std::string names;
    for (const Runner& runner : runners_) {
      if (runner.has_failed) continue;
      names += base::concat({names.empty() ? "" : ", ", runner.name});
    }
    return base::concat(
        {names, " port ", std::to_string(course_.port), reasons_.empty() ? "" : ", "});
  }

  const RaceCourse& course_;
  std::vector<Runner> runners_;
  Deadline deadline_;
  std::size_t next_ = 0;
  Deadline next_start_ = Deadline::after(base::Milliseconds(0));
  std::string reasons_;
};

}  // namespace

std::vector<std::string> look_up_addresses(const RaceCourse& course) {
  const AddressList list = look_up(course);
  std::vector<std::string> names;
  for (Runner& runner : line_up(list.get(), course.left_out))
    names.push_back(std::move(runner.name));
  return names;
}

RaceWinner run_address_race(const RaceCourse& course, Deadline deadline) {
  const AddressList list = look_up(course);
  return Race(course, line_up(list.get(), course.left_out), deadline).run();
}

}  // namespace sshsm::ssh
