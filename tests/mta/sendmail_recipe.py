"""What only sendmail has: mailers without m4, the line of 2000, host parts that strangers choose."""

import os
import re

from letter import Letter
from pair import SSHSM, Pair
from registry import case, expect
from sendmail_row import CF, RECIPE, Sendmail, SendmailForOneFriend
from session import reply_to_recipient

# The line of the recipe of 2000, with another directory.
LINE_OF_2000 = """
Msshsm,		P=sshsm, F=SmDFMuX8, S=11/31, R=21, E=\\r\\n,
		L=990, T=X-Special-SMTP-Transport, U=bsmtp, D=/etc/sshsm,
		A=sshsm $h
"""
HOSTILE = ["-oproxy", "--help", "--config-dir=x", '"a/../b"', "`touch${IFS}x`", "a|b", "$(id)",
           "a" * 63 + "." + "b" * 20, "sshsm", "%", "$h", "a\\b", "ä"]


class WithLineInCf(Sendmail):
    """The mailer comes from a line in sendmail.cf."""

    def __init__(self, line, set_up=None):
        self._line, self._set_up = line, set_up

    def install_sender(self, host):
        if self._set_up:
            self._set_up(host)
        self.configure(host, "", self.mailertable, in_cf=self._line)


class WithMailertable(Sendmail):
    def __init__(self, mailertable, mailer=Sendmail.mailer):
        self._mailertable, self._mailer = mailertable, mailer

    def install_sender(self, host):
        host.put(os.path.join(RECIPE, "sshsm.m4"), f"{CF}/mailer/sshsm.m4", 0o644)
        self.configure(host, self._mailer, self._mailertable)


@case(root=True)
def sendmail_with_the_mailer_written_out(bench):
    with open(os.path.join(RECIPE, "sshsm.cf"), encoding="ascii") as file:
        pair = Pair(bench, WithLineInCf(file.read()), Sendmail())
    pair.send(Letter("Grüße\n.\n".encode()))
    pair.everything_arrived()


@case(root=True)
def sendmail_with_the_line_of_2000(bench):
    def link(host):
        host.run("ln", "-s", SSHSM, "/etc/sshsm/sshsm")
    pair = Pair(bench, WithLineInCf(LINE_OF_2000, link), Sendmail())
    # Its configuration, too.
    pair.here.write("/etc/sshsm/myfriend.conf", 'user=mailrx\nhost="mx.friend.example"\n')
    pair.send(Letter("Grüße\n.\n".encode()))
    pair.everything_arrived()


@case(root=True)
def the_m4_mailer_is_the_written_one(bench):
    pair = Pair(bench, Sendmail(), Sendmail())
    def mailer(text):
        return re.sub(r"\s+", " ", re.search(r"^Msshsm,.*\n(\t.*\n)+", text, re.M).group())
    with open(os.path.join(RECIPE, "sshsm.cf"), encoding="ascii") as file:
        expect(mailer(pair.here.read("/etc/mail/sendmail.cf").decode()), mailer(file.read()), "the mailer")


@case(root=True)
def what_the_readme_checks_is_so(bench):
    pair = Pair(bench, Sendmail(), Sendmail())
    said = pair.here.run("sh", "-c", "echo '/parse bob@friend.example' | sendmail -bt").decode()
    expect("mailer sshsm, host myfriend, user bob@friend.example" in said, True, said)
    said = pair.here.run("sh", "-c", "sendmail -Am -v bob@friend.example </etc/hostname").decode()
    for words in ("Connecting to myfriend via sshsm...", ">>> MAIL From:<", "Message accepted for delivery"):
        expect(words in said, True, f"{words!r} is in:\n{said}\n")
    pair.settle()
    [(_, headers, _)] = pair.friend.mailboxes()
    expect(b"X-Authentication-Warning" in headers, False, f"a warning in {headers!r}")


@case(root=True)
def sendmail_keeps_the_mail_when_sshsm_is_not_there(bench):
    pair = Pair(bench, Sendmail(), Sendmail())
    pair.here.run("mv", SSHSM, SSHSM + ".away")
    pair.send(Letter())
    pair.counts(waits=1)
    for words in (f"Cannot exec {SSHSM}", "stat=Deferred: Connection reset by mx.here.example"):
        expect(words in pair.words(), True, f"{words!r} is in {pair.words()}")
    pair.here.run("mv", SSHSM + ".away", SSHSM)
    pair.run_queues()
    pair.everything_arrived()


@case(root=True)
def sendmail_with_another_path_user_directory_flags_and_length(bench):
    defines = ("define(`SSHSM_MAILER_PATH', `/opt/sshsm')dnl\ndefine(`SSHSM_MAILER_USER', `alice')dnl\n"
               "define(`SSHSM_MAILER_DIR', `/tmp')dnl\ndefine(`SSHSM_MAILER_LL', `500')dnl\n"
               "define(`SSHSM_MAILER_WAIT', `2m')dnl\ndefine(`SSHSM_MAILER_FLAGS', `e')dnl\n"
               "MODIFY_MAILER_FLAGS(`SSHSM', `-8')dnl\n")
    pair = Pair(bench, WithMailertable(Sendmail.mailertable, defines + Sendmail.mailer), Sendmail())
    text = pair.here.read("/etc/mail/sendmail.cf").decode()
    [mailer] = re.findall(r"^Msshsm,.*\n(?:\t.*\n)+", text, re.M)
    words = re.findall(r"(\w)=([^,\s]+)", mailer)
    expect({key: value for key, value in words if key in "PFLWUD"},
           {"P": "/opt/sshsm", "F": "SmDFMuXake", "L": "500", "W": "2m", "U": "alice", "D": "/tmp"},
           "what was set")


@case(root=True)
def hostile_host_parts_reach_no_program_and_no_host(bench):
    pair = Pair(bench, WithMailertable(".all.example  sshsm:%1\nall.example sshsm:%0\n"), Sendmail())
    # Without DNS the hosts file knows all names that there are, and sendmail asks for no other name.
    pair.here.write("/etc/mail/service.switch", "hosts files\naliases files\n")
    letters = [Letter(recipients=[f"bob@{part}.all.example"]) for part in HOSTILE]
    before = pair.here.run("find", "/etc/sshsm", "/tmp", "/var/lib", "/usr")
    pair.submit(*letters)
    pair.run_queues()
    pair.counts(waits=len(letters))
    tried = [line for line in pair.sender.log(pair.here) if "mailer=sshsm" in line and "relay=" in line]
    for line in tried:
        expect("stat=Deferred: 421 4.3.5 sshsm: " in line, True, line)
    expect(len(tried), len(letters), "attempts")
    expect(pair.here.run("find", "/etc/sshsm", "/tmp", "/var/lib", "/usr"), before, "files")
    with open(pair.friend.sshd_log, encoding="utf-8") as log:
        expect([line for line in log if "listening" not in line], [], "what the friend's sshd saw")


@case(root=True)
def sendmail_keeps_the_mail_of_two_friends_apart(bench):
    # Each friend its own mailer, each mailer its own session: sendmail finds sessions by the mailer.
    mailer = SendmailForOneFriend.mailer + "SSHSM_FRIEND(`other')dnl\n"
    row = WithMailertable(SendmailForOneFriend.mailertable + "other.example  sshsm-other:other\n", mailer)
    row.mode = "--lmtp"
    pair = Pair(bench, row, Sendmail())
    letters = [Letter(b"%d\n" % n, recipients=[f"bob@{domain}.example"])
               for n, domain in enumerate(["friend", "other"] * 5)]
    # The other friend is not set up: only its own mail waits.
    pair.submit(*letters)
    pair.run_queues()
    for letter in letters[::2]:
        expect(pair.delivered(letter), {"bob": [letter.body]}, "delivered")
    pair.counts(delivered=5, waits=5)
    expect(pair.waiting()[0], ["bob@other.example"] * 5, "waiting")


@case(root=True)
def the_mailer_of_one_friend_logs_in_once_for_a_queue_run(bench):
    pair = Pair(bench, SendmailForOneFriend(), Sendmail())
    pair.submit(*(Letter(b"%d\n" % n) for n in range(12)))
    pair.run_queues()
    pair.everything_arrived()
    logins = [line for line in pair.friend.said("sshd") if "session opened for user mailrx" in line]
    expect(len(logins), 1, f"logins {logins}")


@case(root=True)
def sendmails_strict_listener_relays_for_nobody(bench):
    row = Sendmail()
    row.install_receiver = row.install_strict_listener
    pair = Pair(bench, Sendmail(), row)
    pair.friend.write("/etc/aliases", "postmaster: bob\naway: bob@elsewhere.example\n")
    pair.friend.run("/usr/sbin/sendmail", "-Am", "-bi")
    words = {"bob@friend.example": "250 2.1.5", "nobody.such@friend.example": "550 5.1.1",
             "bob@elsewhere.example": "550 5.7.1", "bob%elsewhere.example@friend.example": "550 5.7.1",
             "@friend.example:bob@elsewhere.example": "550 5.7.1", "bob@[192.0.2.9]": "550 5.7.1",
             "elsewhere.example!bob@friend.example": "550 5.7.1", "\"bob@elsewhere.example\"": "550 5",
             "postmaster": "250 2.1.5", "away@friend.example": "250 2.1.5",
             "\"|/bin/id\"@friend.example": "550 5", "/etc/passwd": "550 5"}
    for port, command in ((2526, words), (25, {"bob@elsewhere.example": "250 2.1.5"})):
        for recipient, wanted in command.items():
            reply = reply_to_recipient(pair.friend, port, recipient)
            expect(reply[:len(wanted)], wanted, f"{recipient} on port {port}: {reply}")
