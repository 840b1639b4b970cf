#include "admin/instructions.h"

#include "admin/configuration_text.h"
#include "base/text.h"

namespace sshsm::admin {
namespace {

using base::concat;

std::string sendmail_lines(std::string_view destination) {
  return concat(
      {"For sendmail here (contrib/sendmail/README.md), in /etc/mail/sendmail.mc before "
       "MAILER_DEFINITIONS\n\n"
       "FEATURE(`mailertable')dnl\n\n"
       "and at its end\n\n"
       "MAILER(`sshsm')dnl\n\n"
       "and in /etc/mail/mailertable, with the friend's mail domain in place of "
       "friend.example\n\n"
       "friend.example  sshsm:",
       destination, "\n"});
}

std::string exim_lines(std::string_view destination) {
  return concat(
      {"For Exim here (contrib/exim/README.md has its router and transports), in "
       "/etc/exim4/sshsm.routes,\nwith the friend's mail domain in place of "
       "friend.example\n\n"
       "friend.example: ",
       destination, "\n"});
}

std::string postfix_lines(std::string_view destination, std::string_view mail_user,
                          std::string_view config_dir) {
  return concat(
      {"For Postfix here (contrib/postfix/README.md has its client, once for all "
       "friends), in\n/etc/postfix/master.cf\n\n"
       "sshsm-",
       destination,
       " unix -   n       n       -       10      spawn\n"
       "  user=",
       mail_user, " argv=/usr/local/bin/sshsm --lmtp ", config_dir.empty() ? "" : "--config-dir ",
       config_dir, config_dir.empty() ? "" : " ", "-- ", destination,
       "\n\n"
       "in /etc/postfix/main.cf\n\n"
       "sshsm-",
       destination,
       "_time_limit = 3600\n\n"
       "and in /etc/postfix/sshsm_transport, with the friend's mail domain in place of "
       "friend.example\n\n"
       "friend.example    sshsm:unix:private/sshsm-",
       destination, "\n"});
}

/// The recipes of sendmail and Exim call sshsm in one place for all friends.
std::string directory_note(std::string_view config_dir) {
  if (config_dir.empty()) return {};
  return concat({"\nThe recipe must call sshsm with --config-dir ",
                 shell_word(std::string(config_dir)), "\n"});
}

}  // namespace

std::string shell_word(const std::string& word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+:@%,=-";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string key_line(const trust::HostKey& key, std::string_view comment,
                     std::string_view smtp_address) {
  const std::string end = concat({" ", text_of(key), " ", comment});
  if (smtp_address.empty()) return "restrict,command=\"/usr/sbin/sendmail -bs\"" + end;
  return concat({"restrict,port-forwarding,permitopen=\"", smtp_address,
                 "\",permitlisten=\"localhost:1\",command=\"/bin/false\"", end});
}

std::string instructions_for_friend(const Arguments& arguments, std::string_view key_line) {
  const std::string& user = arguments.user;
  return concat({"The friend makes an account ", user,
                 " with the shell /bin/sh and the password * "
                 "(not !, which is a locked\naccount to some sshds),\n\n"
                 "useradd --create-home --shell /bin/sh --password '*' ",
                 user,
                 "\n\n"
                 "and puts this line into ~",
                 user, "/.ssh/authorized_keys, a file of its own and not of root:\n\n", key_line,
                 "\n"});
}

std::string instructions_for_mail_server(MailServer mail_server, std::string_view destination,
                                         std::string_view mail_user, std::string_view config_dir) {
  switch (mail_server) {
    case MailServer::none:
      return {};
    case MailServer::sendmail:
      return sendmail_lines(destination) + directory_note(config_dir);
    case MailServer::exim:
      return exim_lines(destination) + directory_note(config_dir);
    case MailServer::postfix:
      return postfix_lines(destination, mail_user, config_dir);
  }
  return {};
}

}  // namespace sshsm::admin
