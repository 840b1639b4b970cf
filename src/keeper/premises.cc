#include "keeper/premises.h"

#include "base/failure.h"
#include "base/text.h"
#include "keeper/meeting.h"
#include "keeper/socket_place.h"
#include "mailer/configuration.h"
#include "mailer/meeting_place.h"
#include "privilege/account.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace sshsm::keeper {
namespace {

using base::Cause;
using base::concat;
using base::Failure;
using mailer::MeetingPlace;
using privilege::Account;

/// As root: acts with another user's rights on files, until it goes out of scope.
class Guise {
 public:
  explicit Guise(const Account& account) {
    if (setegid(account.group) != 0 || seteuid(account.user) != 0)
      throw Failure(Cause::identity_refused, account.name);
  }
  Guise(const Guise&) = delete;
  Guise& operator=(const Guise&) = delete;
  ~Guise() {
    // Where this failed we would be nobody but the mail user, a little early.
    [[maybe_unused]] const bool is_back = seteuid(0) == 0 && setegid(0) == 0;
  }
};

Account account_of_mail_user(const std::string& name) {
  std::optional<Account> account = privilege::find_account(name);
  if (!account) throw Failure(Cause::identity_refused, concat({"no such user: ", name}));
  return *std::move(account);
}

class Moving {
 public:
  Moving(const Arguments& arguments, const privilege::Caller& caller,
         std::vector<Listener> inherited)
      : destination_(arguments.destination), caller_(caller) {
    premises_.directory = mailer::configuration_directory(arguments.config_dir, caller);
    place_ = mailer::meeting_place(
        destination_, arguments.config_dir.empty() ? std::string() : premises_.directory);
    premises_.listeners = std::move(inherited);
  }

  Premises move() {
    Eviction eviction(premises_.listeners);
    if (caller_.is_root())
      move_as_root();
    else
      move_as_mail_user();
    check();
    eviction.cancel();
    return std::move(premises_);
  }

 private:
  void move_as_root() {
    const std::string name = mailer::run_as(premises_.directory);
    const Account account = account_of_mail_user(name);
    // An administrator's directory is his to make; /run is empty after each start.
    if (place_.directory != premises_.directory)
      provide_directory(place_, account.user, account.group);
    {
      const Guise guise(account);
      meet();
    }
    const std::optional<config::Destination> settings = settings_by_root();
    if (settings) listen(*settings, account.group);
    privilege::become_mail_user(caller_, name);
    read_settings();
    if (!settings) listen(premises_.settings, getegid());
  }

  void move_as_mail_user() {
    privilege::become_mail_user(caller_, {});
    meet();
    read_settings();
    listen(premises_.settings, getegid());
  }

  void meet() {
    const bool is_inherited =
        std::any_of(premises_.listeners.begin(), premises_.listeners.end(),
                    [](const Listener& listener) { return listener.kind == Kind::meeting; });
    Meeting meeting = take_place(place_, is_inherited);
    premises_.lock = std::move(meeting.lock);
    premises_.remarks = std::move(meeting.remarks);
    std::move(meeting.listeners.begin(), meeting.listeners.end(),
              std::back_inserter(premises_.listeners));
  }

  /// Effective root trusts root's own files alone.
  std::optional<config::Destination> settings_by_root() {
    try {
      return mailer::read_own_destination(premises_.directory, destination_, caller_);
    } catch (const Failure& failure) {
      if (failure.cause() != Cause::configuration_untrusted) throw;
      return std::nullopt;
    }
  }

  void read_settings() {
    premises_.settings = mailer::read_own_destination(premises_.directory, destination_, caller_);
  }

  void listen(const config::Destination& settings, gid_t group) {
    const Remains remains = premises_.lock ? Remains::replaced_if_dead : Remains::kept;
    for (const std::string& value : settings.listeners)
      premises_.listeners.push_back(listen_at(parse_listen_address(value), remains, group));
  }

  void check() const {
    const bool takes_mail =
        std::any_of(premises_.listeners.begin(), premises_.listeners.end(),
                    [](const Listener& listener) { return listener.kind != Kind::status; });
    if (takes_mail) return;
    throw Failure(
        Cause::listen_refused,
        concat({"listen is not set, and there is ",
                premises_.remarks.empty() ? "no other socket" : premises_.remarks.front()}));
  }

  std::string destination_;
  const privilege::Caller& caller_;
  MeetingPlace place_;
  Premises premises_;
};

}  // namespace

Eviction::Eviction(const std::vector<Listener>& listeners) : listeners_(listeners) {
  for (base::Descriptor& descriptor : reserve_)
    descriptor.reset(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

void Eviction::cancel() {
  is_cancelled_ = true;
  reserve_ = {};
}

Eviction::~Eviction() {
  if (is_cancelled_) return;
  reserve_ = {};
  for (const Listener& listener : listeners_) {
    if (listener.is_inherited || listener.path.empty()) continue;
    // Somebody else may have put another file there.
    const SocketPlace place(listener.path);
    if (place.is_ours()) static_cast<void>(place.remove());
  }
}

Premises take_premises(const Arguments& arguments, const privilege::Caller& caller,
                       std::vector<Listener> inherited) {
  return Moving(arguments, caller, std::move(inherited)).move();
}

}  // namespace sshsm::keeper
