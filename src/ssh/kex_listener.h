#pragma once

#include <string>

namespace sshsm::ssh {

/// Hears why a key exchange failed. libssh says it in its error text, but where the peer's banner
/// and offer came in one piece it overwrites that at once with `Socket error:` and a stale errno;
/// only its log, at the level where it says everything, has the reason still. The level and the
/// listener are libssh's global state: one listener at a time, for the length of a handshake.
class KexListener {
 public:
  KexListener();
  ~KexListener();
  KexListener(const KexListener&) = delete;
  KexListener& operator=(const KexListener&) = delete;

  /// `kex error : no match for method …`, with the peer's words in it; empty where none was heard.
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  static void on_log(int level, const char* function, const char* text, void* self);

  std::string reason_;
};

}  // namespace sshsm::ssh
