#pragma once

#include "admin/arguments.h"
#include "trust/host_key.h"

#include <string>
#include <string_view>

namespace sshsm::admin {

/// The line for the friend's `authorized_keys` (sshd(8)): the key may run the mail server and
/// nothing else, or with `smtp_address` (`HOST:PORT`, else empty) reach that address and nothing
/// else. `restrict` alone forbids neither a shell nor -R. Without a line end.
[[nodiscard]] std::string key_line(const trust::HostKey& key, std::string_view comment,
                                   std::string_view smtp_address);

/// The word as a shell takes it: as it is, or between single quotes where a character might mean
/// more than itself. Commands that are printed are pasted.
[[nodiscard]] std::string shell_word(const std::string& word);

/// What the friend has to do, with the key line in it.
[[nodiscard]] std::string instructions_for_friend(const Arguments& arguments,
                                                  std::string_view key_line);

/// The lines for the mail server here, as in contrib/; empty for none. `config_dir` is empty for
/// the usual one.
[[nodiscard]] std::string instructions_for_mail_server(MailServer mail_server,
                                                       std::string_view destination,
                                                       std::string_view mail_user,
                                                       std::string_view config_dir);

}  // namespace sshsm::admin
