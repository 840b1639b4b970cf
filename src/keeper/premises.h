#pragma once

#include "base/descriptor.h"
#include "config/destination.h"
#include "keeper/arguments.h"
#include "keeper/listener.h"
#include "privilege/identity.h"

#include <array>
#include <string>
#include <vector>

namespace sshsm::keeper {

/// Where the keeper lives and by what it was set up, before it does anything with it.
struct Premises {
  std::string directory;  ///< of the configuration, absolute
  config::Destination settings;
  std::vector<Listener> listeners;   ///< at least one that takes mail
  base::Descriptor lock;             ///< held as long as the keeper lives; or none
  std::vector<std::string> remarks;  ///< for the log: what it must do without
};

/// Takes away the sockets that we made, where the keeper cannot begin: the attendant, whose work
/// that is, is there only when all else is. Who has lost the rights for it leaves them lying.
class Eviction {
 public:
  /// `listeners` stay where they are, and may become more.
  explicit Eviction(const std::vector<Listener>& listeners);
  Eviction(const Eviction&) = delete;
  Eviction& operator=(const Eviction&) = delete;
  ~Eviction();

  void cancel();

 private:
  /// What it takes to look at a socket and remove it: a want of descriptors may be why the keeper
  /// cannot begin.
  using Reserve = std::array<base::Descriptor, 2>;

  const std::vector<Listener>& listeners_;
  Reserve reserve_;
  bool is_cancelled_ = false;
};

/// Opens everything that the keeper listens on, and becomes the mail user for good, proved. As root
/// it binds what `listen` says (a low port, a socket in another's directory) before that, but only
/// where root wrote the configuration: what the mail user wrote is done with the mail user's
/// rights. The files at the meeting place are always made with his, since the directory may be his.
///
/// `inherited` is what the supervisor gave. Throws `Failure`: the configuration causes,
/// identity_refused, keeper_runs and listen_refused, the latter also where there is nothing to
/// listen on; what it has made by then is gone again.
[[nodiscard]] Premises take_premises(const Arguments& arguments, const privilege::Caller& caller,
                                     std::vector<Listener> inherited);

}  // namespace sshsm::keeper
