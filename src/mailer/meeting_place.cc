#include "mailer/meeting_place.h"

#include "base/text.h"
#include "base/unix_socket.h"

#include <sys/socket.h>

#include <optional>
#include <string_view>
#include <utility>

namespace sshsm::mailer {
namespace {

using base::concat;

constexpr std::string_view built_in_directory = "/run/sshsm";

}  // namespace

MeetingPlace meeting_place(const std::string& destination, const std::string& config_dir) {
  const std::string directory = config_dir.empty() ? std::string(built_in_directory) : config_dir;
  const std::string stem = concat({directory, "/", destination});
  return {directory, stem + ".sock", stem + ".status", stem + ".lock"};
}

Visit visit_keeper(const std::string& path, uid_t mail_user) {
  base::Descriptor socket = base::connect_to_socket(path, SOCK_STREAM);
  if (!socket) return {};
  const std::optional<uid_t> user = base::user_at_other_end(socket.get());
  if (user == uid_t{0} || user == mail_user) return {std::move(socket), {}};
  return {{},
          concat({path, ": uid ", user ? std::to_string(*user) : "unknown",
                  " listens there, who is neither root nor the mail user; not used"})};
}

}  // namespace sshsm::mailer
