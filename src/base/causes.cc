#include "base/causes.h"

#include <array>
#include <cstddef>

namespace sshsm::base {
namespace {

constexpr auto causes = std::to_array<CauseRow>({
    {Cause::bad_arguments, "bad-arguments", "4.3.5", "cannot use these arguments",
     "see PROGRAM --help"},
    {Cause::bad_destination, "bad-destination", "4.3.5", "not a destination name",
     "use letters, digits, dots, underscores and hyphens, 64 at most"},
    {Cause::identity_refused, "identity-refused", "4.3.5", "cannot become the mail user",
     "set run-as in sshsm.conf, or have PROGRAM started as the mail user"},
    {Cause::configuration_missing, "configuration-missing", "4.3.5",
     "cannot read the configuration",
     "make it with sshsmctl enrol DEST, or let the mail user read it"},
    {Cause::configuration_invalid, "configuration-invalid", "4.3.5", "configuration error",
     "correct the line"},
    {Cause::configuration_untrusted, "configuration-untrusted", "4.3.5",
     "configuration file not to be trusted",
     "it must be root's or the mail user's (root's, where it says run-as), and nobody else's to "
     "write"},
    {Cause::key_missing, "key-missing", "4.7.5", "cannot read the private key",
     "make one with ssh-keygen -t ed25519 -N '', or give this one to the mail user, mode 0600"},
    {Cause::key_untrusted, "key-untrusted", "4.7.5", "private key file not to be trusted",
     "give it to the mail user with mode 0600"},
    {Cause::key_encrypted, "key-encrypted", "4.7.5", "the private key has a passphrase",
     "remove it with ssh-keygen -p: nobody is there to type it"},
    {Cause::key_invalid, "key-invalid", "4.7.5", "not a usable private key",
     "create it with ssh-keygen -t ed25519 -N ''"},
    {Cause::certificate_invalid, "certificate-invalid", "4.7.5",
     "not a usable certificate of our key", "have id_ed25519.pub signed again with ssh-keygen -s"},
    {Cause::known_hosts_unreadable, "known-hosts-unreadable", "4.7.5",
     "cannot read the known hosts",
     "let the mail user read the file, or pin the host's key, as its owner read it out: "
     "sshsmctl trust --add DEST"},
    {Cause::host_key_unpinned, "host-key-unpinned", "4.7.5", "no host key is pinned",
     "pin the host's key, as its owner read it out: sshsmctl trust --add DEST"},
    {Cause::name_unknown, "name-unknown", "4.4.4", "the host name does not exist",
     "check host in the configuration and the host's dynamic DNS"},
    {Cause::name_lookup_failed, "name-lookup-failed", "4.4.3", "cannot look up the host name",
     "check the resolver of this machine"},
    {Cause::connection_failed, "connection-failed", "4.4.1", "cannot connect",
     "check that sshd runs there and the port is open; then try: sshsmctl check DEST"},
    {Cause::connection_timed_out, "connection-timed-out", "4.4.1", "no connection in time",
     "check that the host is up and no firewall drops the packets; then try: sshsmctl check DEST"},
    {Cause::no_banner, "no-banner", "4.4.1", "connected, but no SSH server answered",
     "check port, and MaxStartups and PerSourcePenalties of the sshd there; then try: "
     "sshsmctl check DEST"},
    {Cause::proxy_failed, "proxy-failed", "4.4.1", "proxy-command led to no SSH server",
     "run it as the mail user to see why; then try: sshsmctl check DEST"},
    {Cause::handshake_failed, "handshake-failed", "4.7.5", "the SSH handshake failed",
     "compare ciphers, macs and kex-algorithms with what the sshd there offers; then try: "
     "sshsmctl check DEST"},
    {Cause::host_key_changed, "host-key-changed", "4.7.0", "host key changed",
     "if the change is genuine, pin the new key: sshsmctl trust --replace DEST"},
    {Cause::host_key_revoked, "host-key-revoked", "4.7.0", "host key revoked",
     "the host uses a key that known_hosts revokes; pin its new key: sshsmctl trust --add DEST"},
    {Cause::host_key_type_unpinned, "host-key-type-unpinned", "4.7.0",
     "the host has no key of a pinned type",
     "pin a key of a type that the host has: sshsmctl trust --add DEST"},
    {Cause::login_refused, "login-refused", "4.7.8", "the host refused our key",
     "add our public key to authorized_keys there, or check user; then try: sshsmctl check DEST"},
    {Cause::channel_refused, "channel-refused", "4.4.5", "the host refused to start the command",
     "check MaxSessions and the forced command there; then try: sshsmctl check DEST"},
    {Cause::command_not_forced, "command-not-forced", "4.7.0", "our key may run any command there",
     "begin its line in authorized_keys there with restrict,command=\"/usr/sbin/sendmail -bs\" "
     "(smtp-address: command=\"/bin/false\")"},
    {Cause::forwarding_open, "forwarding-open", "4.7.0",
     "our key may use that host for other connections",
     "begin its line in authorized_keys there with restrict (smtp-address: and permitopen= with "
     "that address alone, permitlisten=\"localhost:1\")"},
    {Cause::smtp_address_refused, "smtp-address-refused", "4.7.1",
     "the host does not let our key through to smtp-address",
     "authorized_keys there must say port-forwarding and permitopen= with exactly this address, "
     "and sshd_config must allow it; then try: sshsmctl check DEST"},
    {Cause::smtp_address_unreachable, "smtp-address-unreachable", "4.4.1",
     "the host cannot connect to smtp-address",
     "check that a mail server listens there; then try: sshsmctl check DEST"},
    {Cause::smtp_address_silent, "smtp-address-silent", "4.4.2",
     "smtp-address closed the connection without a greeting",
     "check that a mail server listens there and lets that host in; then try: sshsmctl check DEST"},
    {Cause::command_failed, "command-failed", "4.3.0",
     "the forced command ended without a greeting",
     "check command= in authorized_keys there; then try: sshsmctl check DEST"},
    {Cause::no_greeting, "no-greeting", "4.4.2", "no greeting from the mail server",
     "check that the forced command is sendmail -bs; then try: sshsmctl check DEST"},
    {Cause::text_before_greeting, "text-before-greeting", "4.5.0",
     "text where the greeting was expected",
     "the forced command or smtp-address must lead to a mail server, and no shell start-up file "
     "may print before it; then try: sshsmctl check DEST"},
    {Cause::greeting_refused, "greeting-refused", "4.3.2", "the mail server takes no mail now",
     "the mail waits in the queue"},
    {Cause::hello_refused, "hello-refused", "4.5.0", "the mail server refused EHLO and HELO",
     "check helo; then try: sshsmctl check DEST"},
    {Cause::reply_malformed, "reply-malformed", "4.5.0", "not an SMTP reply",
     "check the forced command or smtp-address there; then try: sshsmctl check DEST"},
    {Cause::reply_unexpected, "reply-unexpected", "4.5.0", "a reply out of place",
     "check the mail server there"},
    {Cause::command_rejected, "command-rejected", "4.5.0",
     "the mail server rejected a command for no fault of the mail", "check the mail server there"},
    {Cause::parameter_not_offered, "parameter-not-offered", "4.6.3",
     "the mail server does not offer what this message needs", "send it another way"},
    {Cause::answer_timed_out, "answer-timed-out", "4.4.2", "no answer in time",
     "the mail waits in the queue"},
    {Cause::connection_lost, "connection-lost", "4.4.2", "the connection was lost",
     "the mail waits in the queue"},
    {Cause::maybe_delivered, "maybe-delivered", "4.4.2",
     "no clear answer to the final dot; the message may have been delivered",
     "the retry may make a second copy"},
    {Cause::line_busy, "line-busy", "4.4.5", "no session became free in time",
     "raise max-sessions, max-connections or wait-timeout"},
    {Cause::batch_empty, "batch-empty", "4.5.2", "the batch has no message",
     "feed it batch SMTP: MAIL, RCPT, DATA, the message, a dot"},
    {Cause::batch_truncated, "batch-truncated", "4.5.2",
     "the batch ends inside a message; that message was not sent",
     "the program that wrote the batch stopped early"},
    {Cause::batch_malformed, "batch-malformed", "4.5.2", "not batch SMTP",
     "nothing from there on was sent"},
    {Cause::batch_unreadable, "batch-unreadable", "4.3.0", "cannot read the batch", ""},
    {Cause::batch_overdue, "batch-overdue", "4.4.7", "the batch takes too long",
     "send fewer messages at once or raise batch-timeout"},
    {Cause::rest_refused, "rest-refused", "4.3.5", "cannot make the file of --rest",
     "name a new file where the mail user may make one; nothing was sent"},
    {Cause::rest_unwritable, "rest-unwritable", "4.3.0", "cannot keep the rest of the batch",
     "take what is missing there from the batch"},
    {Cause::listen_refused, "listen-refused", "4.3.5", "cannot listen",
     "check listen in the configuration, and what else listens there"},
    {Cause::keeper_runs, "keeper-runs", "4.3.5", "a keeper of this destination runs already",
     "stop that one first, or leave the work to it"},
    {Cause::attendant_gone, "attendant-gone", "4.3.0", "the keeper lost its attendant",
     "start it again, unless a supervisor does; the mail waits in the queue"},
    {Cause::user_not_allowed, "user-not-allowed", "4.7.1", "this user may not use the keeper",
     "name him in allow-users, and start the keeper again"},
    {Cause::caller_not_listening, "caller-not-listening", "4.5.0", "the caller does not listen",
     "call sshsm -bS for a batch"},
    {Cause::caller_gone, "caller-gone", "4.4.2", "the caller ended the session",
     "the mail waits in the queue"},
    {Cause::stopped, "stopped", "4.3.2", "stopped by a signal", "the mail waits in the queue"},
    {Cause::resources_exhausted, "resources-exhausted", "4.3.1",
     "this machine has no resources left", "the mail waits in the queue"},
    {Cause::internal_error, "internal-error", "4.3.0", "an error in sshsm itself",
     "please report it; the mail waits in the queue"},
});

constexpr bool rows_stand_in_order() {
  for (std::size_t i = 0; i < causes.size(); ++i)
    if (static_cast<std::size_t>(causes[i].cause) != i) return false;
  return causes.size() == static_cast<std::size_t>(Cause::internal_error) + 1;
}
static_assert(rows_stand_in_order(), "row_of finds a row by its place");

}  // namespace

std::span<const CauseRow> all_causes() noexcept {
  return causes;
}

const CauseRow& row_of(Cause cause) noexcept {
  return causes[static_cast<std::size_t>(cause)];
}

}  // namespace sshsm::base
