"""What only Exim has: a configuration in one file, and a forced -bs that relays for nobody."""

import os
import re

from exim_row import CONFIGURATION, RECIPE, Exim, EximBatch
from letter import Letter
from mail_root import USER
from mta import pasted
from pair import Pair
from registry import case, expect
from sendmail_row import Sendmail
from session import reply_to_recipient

# The bones of Exim's own example.
ONE_FILE = """
%(main)s
domainlist local_domains = @ : %(domain)s
domainlist relay_to_domains = %(relay)s
log_file_path = /var/log/exim4/%%slog
spool_directory = /var/spool/exim4
%(acl)s
begin acl
%(acls)s
acl_check_rcpt:
  accept hosts = : 127.0.0.1
  require domains = +local_domains : +relay_to_domains
  accept
begin routers
%(routers)s
local:
  driver = accept
  check_local_user
  transport = mailbox
begin transports
%(transports)s
mailbox:
  driver = appendfile
  file = /var/mail/$local_part_data
  user = $local_part_data
  group = mail
begin retry
* * F,2h,15m
"""
UNKNOWN = "nobody.such@friend.example"
# Exim's own words; -bs and the port say the same.
STRICT = {"bob@friend.example": "250 Accepted", UNKNOWN: "550 Unrouteable address",
          "bob@elsewhere.example": "550 relay not permitted",
          "bob%elsewhere.example@friend.example": "550 restricted characters in address",
          '"bob@elsewhere.example"@friend.example': "550 restricted characters in address",
          "/etc/passwd@friend.example": "550 restricted characters in address",
          "postmaster@friend.example": "250 Accepted"}


def parts(side):
    """{part: text} of contrib's fragment."""
    with open(os.path.join(RECIPE, side, "plain.conf"), encoding="ascii") as file:
        pieces = re.split(r"(?m)^##### (.*?) #+\n", file.read())
    names = {"At the top": "main", 'Behind "begin acl"': "acls",
             'Behind "begin routers"': "routers", 'Behind "begin transports"': "transports"}
    return {names[heading.split(",")[0]]: text for heading, text in zip(pieces[1::2], pieces[2::2])}


class EximInOneFile(Exim):
    def install_sender(self, host):
        host.write(f"{CONFIGURATION}/sshsm.routes", "friend.example: myfriend\n")
        self._write(host, parts("sending"), relay="+sshsm_domains",
                    acl="acl_smtp_rcpt = acl_check_rcpt")

    def install_receiver(self, host):
        self._write(host, parts("receiving"))

    @staticmethod
    def _write(host, pieces, **more):
        gaps = {"domain": host.domain, "relay": "", "acl": "", "acls": "", "routers": "",
                "transports": "", **pieces, **more}
        host.write(f"{CONFIGURATION}/exim4.conf", ONE_FILE % gaps)
        host.run("exim4", "-bV")


class EximInOneFileBatch(EximInOneFile):
    mode = "-bS"

    def install_sender(self, host):
        super().install_sender(host)
        host.edit(f"{CONFIGURATION}/exim4.conf", "transport = sshsm_lmtp",
                  "transport = sshsm_bsmtp")


def exim_in_one_file(bench, row):
    pair = Pair(bench, row, EximInOneFile())
    pair.send(Letter("Grüße\n.\n".encode()))
    pair.everything_arrived()
    [(_, headers, _)] = pair.friend.mailboxes()
    expect(b"\nSender:" in headers, False, "a Sender: header")
    envelope = pair.friend.read("/var/mail/bob").split()[:2]
    expect(envelope, [b"From", b"alice@here.example"], "the sender")


@case(root=True)
def exim_in_one_file_with_batches(bench):
    exim_in_one_file(bench, EximInOneFileBatch())


@case(root=True)
def exim_in_one_file_with_lmtp(bench):
    exim_in_one_file(bench, EximInOneFile())


@case(root=True)
def one_file_says_what_the_split_files_say(bench):
    here = Pair(bench, EximBatch(), Sendmail()).here
    def said():
        drivers = [here.run("exim4", "-bP", *words).decode() for words in (
            ("router", "sshsm"), ("transport", "sshsm_lmtp"), ("transport", "sshsm_bsmtp"),
            ("transport", "sshsm_socket"), ("transport", "sshsm_port"))]
        return [line for text in drivers for line in text.splitlines()
                if not line.startswith("debug_print")]
    split = said()
    EximInOneFileBatch().install_sender(here)
    expect(said(), split, "router and transports")


class EximWithMacros(Exim):
    """Its administrator has set what the recipe adds to."""

    def install_receiver(self, host):
        host.write(f"{CONFIGURATION}/conf.d/main/000_localmacros",
                   "MAIN_TRUSTED_USERS = carol\nMAIN_ACL_CHECK_RCPT = acl_of_his_own\n")
        host.write(f"{CONFIGURATION}/conf.d/acl/95_own",
                   "acl_of_his_own:\n  accept\n")
        super().install_receiver(host)


@case(root=True)
def the_recipe_adds_to_what_exims_administrator_has_set(bench):
    friend = Pair(bench, Sendmail(), EximWithMacros()).friend
    trusted = friend.run("exim4", "-bP", "trusted_users")
    expect(trusted, b"trusted_users = carol:mailrx\n", "trusted users")
    expect(reply_to_recipient(friend, 2526, UNKNOWN), STRICT[UNKNOWN], "port 2526")
    expect(reply_to_recipient(friend, 25, UNKNOWN), "250 Accepted", "port 25")


@case(root=True)
def exims_strict_listener_and_forced_bs_relay_for_nobody(bench):
    pair = Pair(bench, Sendmail(), Exim())
    for recipient, wanted in STRICT.items():
        reply = reply_to_recipient(pair.friend, 2526, recipient)
        expect(reply, wanted, f"{recipient} on port 2526")
        reply = reply_to_bs(pair.friend, USER, recipient)
        expect(reply, wanted, f"{recipient} for -bs as {USER}")
    # Nobody else is any stricter than before.
    expect(reply_to_bs(pair.friend, "carol", "bob@elsewhere.example"), "250 Accepted", "as carol")
    expect(reply_to_recipient(pair.friend, 25, "bob@elsewhere.example"), "250 Accepted", "port 25")


def reply_to_bs(host, user, recipient):
    words = (f"HELO x.here.example\r\nMAIL FROM:<alice@here.example>\r\nRCPT TO:<{recipient}>\r\n"
             "QUIT\r\n")
    command = ("su", "-s", "/bin/sh", user, "-c", "/usr/sbin/sendmail -bs")
    said = host.run(*command, stdin=words.encode())
    return said.decode().splitlines()[3]


@case(root=True)
def exim_delivers_a_whole_session_at_once(bench):
    pair = Pair(bench, Sendmail(), Exim())
    letters = [Letter(b"%d\n" % number) for number in range(25)]
    pair.letters += letters
    text = b"HELO x.here.example\r\n" + b"".join(
        f"MAIL FROM:<{one.sender}>\r\nRCPT TO:<bob@friend.example>\r\nDATA\r\n".encode() +
        one.text().replace(b"\n", b"\r\n") + b".\r\n" for one in letters) + b"QUIT\r\n"
    pair.friend.run("su", "-s", "/bin/sh", USER, "-c", "/usr/sbin/sendmail -bs", stdin=text)
    # No queue run.
    pair.settle()
    pair.everything_arrived()


@case(root=True)
def exim_keeps_the_mail_while_its_table_is_missing(bench):
    pair = Pair(bench, EximBatch(), Sendmail())
    routes = f"{CONFIGURATION}/sshsm.routes"
    pair.here.run("mv", routes, routes + ".away")
    pair.submit(Letter())
    # Exim dies of it, and says so.
    pair.here.run("sh", "-c", "exim4 -qff 2>/dev/null || true")
    pair.counts(waits=1)
    expect("failed to open " + routes in pair.words(), True, "the log says why")
    pair.here.run("mv", routes + ".away", routes)
    pair.run_queues()
    pair.everything_arrived()


@case(root=True)
def what_exims_readme_says_is_so(bench):
    row = EximBatch()
    here = Pair(bench, row, Sendmail()).here
    said = here.run("exim4", "-bt", "bob@friend.example").decode()
    expect(said, "bob@friend.example\n  router = sshsm, transport = sshsm_bsmtp\n", "exim4 -bt")
    here.write(f"{CONFIGURATION}/conf.d/retry/20_sshsm",
               pasted("exim", "friend.example * F,2h,15m; F,30d,2h\n"))
    here.run("update-exim4.conf")
    for domain, rule in (("friend.example", "friend.example  *  F,2h,15m; F,4w2d,2h;"),
                         ("here.example", "*  *")):
        said = here.run("exim4", "-brt", domain).decode()
        expect(said.startswith("Retry rule: " + rule), True, said)
    interfaces = "dc_local_interfaces='0.0.0.0 ; ::0 ; 127.0.0.1.2526'\n"
    row.install_receiver(here)
    told = here.read(f"{CONFIGURATION}/update-exim4.conf.conf").decode()
    expect(pasted("exim", interfaces) in told, True, "what the rows tell Debian")
