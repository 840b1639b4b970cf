#include "admin/advice.h"

#include "admin/output.h"
#include "base/failure.h"

#include <algorithm>
#include <array>

namespace sshsm::admin {
namespace {

using base::Cause;

struct Advice {
  std::string_view step;  ///< empty: all that have none of their own
  Cause cause;
  std::string_view remedy;
};

constexpr auto advices = std::to_array<Advice>({
    {"authentication", Cause::login_refused,
     "on that host, put our public key into authorized_keys of that user; the file and the "
     "directories above it must be his or root's and nobody else's to write; the account must not "
     "be locked (where sshd has UsePAM no, a password field that begins with ! locks it: usermod "
     "-p '*'); sshd's log there says which it is"},
    {"forced command", Cause::command_failed,
     "name a mail server that is there, by its whole path, in our key's line of authorized_keys "
     "there: restrict,command=\"/usr/sbin/sendmail -bs\""},
    {"forced command", Cause::text_before_greeting,
     "give the account there a shell that runs commands, such as /bin/sh: nologin runs none and "
     "says so; and let command= in our key's line name the mail server: /usr/sbin/sendmail -bs"},
    {"forced command", Cause::no_greeting,
     "let command= in our key's line of authorized_keys there be /usr/sbin/sendmail -bs, and give "
     "the account there a shell that runs it, such as /bin/sh"},
    {"greeting", Cause::text_before_greeting,
     "let no start-up file of the shell there print (.bashrc, .profile, /etc/profile), or give the "
     "account /bin/sh"},
    {"greeting", Cause::answer_timed_out,
     "look at what the forced command or smtp-address leads to there: it was started, and says "
     "nothing"},
    {"", Cause::answer_timed_out,
     "look at the load of that host and at its logs: it stopped answering at this step"},
    {"", Cause::connection_lost,
     "look at the logs of that host and at firewalls on the way: the connection broke at this "
     "step"},
    {"", Cause::greeting_refused,
     "ask who runs the mail server there: it runs, and takes no mail now"},
});

}  // namespace

std::string remedy_of(std::string_view step, Cause cause, std::string_view destination) {
  const auto* const found = std::find_if(advices.begin(), advices.end(), [&](const Advice& advice) {
    return advice.cause == cause && (advice.step.empty() || advice.step == step);
  });
  if (found != advices.end()) return std::string(found->remedy);
  return base::remedy_for(base::row_of(cause), destination, program_name);
}

}  // namespace sshsm::admin
