"""What only Postfix has: no warnings about the files, its listener, friends with a service each."""

from letter import Letter
from pair import Pair
from postfix_row import CONFIGURATION, Postfix
from registry import case, expect
from sendmail_row import Sendmail
from session import reply_to_recipient

STRICT = {"bob@friend.example": "250 2.1.5 Ok", "postmaster": "250 2.1.5 Ok",
          "nobody.such@friend.example": "550 5.1.1 <nobody.such@friend.example>: Recipient address "
                                        "rejected: User unknown in local recipient table",
          "away@friend.example": "250 2.1.5 Ok"}
FOREIGN = ["bob@elsewhere.example", "bob%elsewhere.example@friend.example",
           "@friend.example:bob@elsewhere.example", "elsewhere.example!bob@friend.example",
           '"bob@elsewhere.example"@friend.example', "bob@[192.0.2.9]"]


class Both(Postfix):
    """Takes mail for friend.example, and is the mail exchanger of a friend's, too."""

    def install_receiver(self, host):
        self.install_strict_listener(host)


@case(root=True)
def postfixs_strict_listener_relays_for_nobody(bench):
    friend = Pair(bench, Sendmail(), Both()).friend
    friend.append("/etc/aliases", "away: bob@elsewhere.example\n")
    friend.run("newaliases")
    for recipient, wanted in STRICT.items():
        expect(reply_to_recipient(friend, 2526, recipient), wanted, f"{recipient} on port 2526")
    for recipient in FOREIGN:
        reply = reply_to_recipient(friend, 2526, recipient)
        expect(reply.endswith(": Relay access denied"), True, f"{recipient} on port 2526: {reply}")
    # The other port trusts this host, as before.
    expect(reply_to_recipient(friend, 25, "bob@elsewhere.example"), "250 2.1.5 Ok", "on port 25")


@case(root=True)
def postfix_says_nothing_about_the_recipes(bench):
    row = Both()
    host = Pair(bench, row, Sendmail()).here
    for command in ("postfix check", "postconf", "postconf -n", "postconf -M", "postconf -P"):
        expect(host.run("sh", "-c", command + " 2>&1 >/dev/null"), b"", f"words of {command}")
    transport = host.run("postmap", "-q", "friend.example", f"hash:{CONFIGURATION}/sshsm_transport")
    expect(transport, b"sshsm:unix:private/sshsm-myfriend\n", "postmap -q")


@case(root=True)
def a_backlog_of_postfixs_shares_sessions(bench):
    pair = Pair(bench, Postfix(), Sendmail())
    pair.submit(*[Letter(b"%d\n" % number) for number in range(30)])
    pair.run_queues()
    pair.everything_arrived()
    with open(pair.friend.sshd_log, encoding="utf-8") as log:
        logins = log.read().count("Accepted publickey")
    expect(0 < logins < 30, True, f"{logins} logins for 30 messages")
