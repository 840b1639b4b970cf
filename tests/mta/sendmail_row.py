"""sendmail 8.17 of Debian with contrib/sendmail."""

import os
import re

from mta import CONTRIB, Mta, broken, pasted

CF = "/usr/share/sendmail/cf"
RECIPE = os.path.join(CONTRIB, "sendmail")
QUEUES = ("/var/spool/mqueue", "/var/spool/mqueue-client")
DAEMON = "/run/sendmail/mta/sendmail.pid"


class Sendmail(Mta):
    name = root = "sendmail"
    mailer = "MAILER(`sshsm')dnl\n"
    mailertable = "friend.example  sshsm:myfriend\n"

    @staticmethod
    def as_sent(body):
        return broken(body, 990, b"!")

    @staticmethod
    def as_delivered(body):
        # On the way from -bs to the daemon.
        return broken(body, 2040, b"!")

    def install_sender(self, host):
        host.put(os.path.join(RECIPE, "sshsm.m4"), f"{CF}/mailer/sshsm.m4", 0o644)
        self.configure(host, pasted("sendmail", self.mailer), pasted("sendmail", self.mailertable))

    @staticmethod
    def configure(host, mailer, mailertable, in_cf=""):
        """Lines for the end of sendmail.mc, for the mailertable, and for the end of sendmail.cf."""
        host.edit("/etc/mail/sendmail.mc", "MAILER_DEFINITIONS\n",
                  pasted("sendmail", "FEATURE(`mailertable')dnl\n") + "MAILER_DEFINITIONS\n")
        host.append("/etc/mail/sendmail.mc", mailer)
        host.write("/etc/mail/mailertable", mailertable)
        host.write("/etc/mail/relay-domains", "friend.example\n")
        host.run("sh", "-c", "cd /etc/mail && m4 sendmail.mc >sendmail.cf && "
                             "makemap hash mailertable <mailertable")
        host.append("/etc/mail/sendmail.cf", in_cf)

    def install_receiver(self, host):
        trusted = pasted("sendmail", "define(`confTRUSTED_USERS', `mailrx')dnl\n")
        host.edit("/etc/mail/submit.mc", "FEATURE(`msp'", trusted + "FEATURE(`msp'")
        host.run("sh", "-c", "cd /etc/mail && m4 submit.mc >submit.cf")

    def install_strict_listener(self, host):
        host.put(os.path.join(RECIPE, "sshsm-strict.m4"), "/etc/mail/sshsm-strict.m4", 0o644)
        host.append("/etc/mail/sendmail.mc",
                    pasted("sendmail", "include(`/etc/mail/sshsm-strict.m4')dnl\n"))
        host.run("sh", "-c", "cd /etc/mail && m4 sendmail.mc >sendmail.cf")

    def start(self, host):
        host.write("/etc/mail/local-host-names", f"{host.domain}\n")
        # How busy this machine is says nothing about a recipe.
        for name in ("sendmail", "submit"):
            host.append(f"/etc/mail/{name}.cf", "O QueueLA=1000\nO RefuseLA=1000\n")
        host.run("/usr/sbin/sendmail-mta", "-bd")
        host.run("sh", "-c", f"while ! [ -s {DAEMON} ]; do sleep 0.01; done")

    def submit(self, host, letters):
        for letter in letters:
            host.run("/usr/sbin/sendmail", "-Am", "-odq", "-i", "-f", letter.sender or "<>", "--",
                     *letter.recipients, stdin=letter.text())

    def run_queue(self, host):
        host.run("/usr/sbin/sendmail", "-Ac", "-q")
        host.run("/usr/sbin/sendmail", "-Am", "-q")

    def is_busy(self, host):
        daemon = int(host.read(DAEMON).split()[0])
        names = ("sendmail", "sshsm", "procmail", "mail")
        return any(name.startswith(names) and name != "sshsmd" and number != daemon
                   for number, name in host.processes().items())

    def waiting(self, host):
        found = []
        for queue in QUEUES:
            for name in os.listdir(host.path(queue)):
                if name.startswith("qf"):
                    control = host.read(f"{queue}/{name}").decode("latin-1")
                    # Flags, a colon, the path.
                    found += re.findall(r"^R[^:\n]*:<?([^>\n]*)>?$", control, re.M)
        return found

    def listing(self, host):
        return "".join(host.run("/usr/sbin/sendmail", how, "-bp").decode() for how in ("-Am", "-Ac"))

    def log(self, host):
        return host.said("sendmail[", "sm-mta[", "sm-msp-queue[")


class SendmailForOneFriend(Sendmail):
    """The mailer that SSHSM_FRIEND writes."""

    name = "sendmail_with_lmtp"
    mode = "--lmtp"
    mailer = "MAILER(`sshsm')dnl\nSSHSM_FRIEND(`myfriend')dnl\n"
    mailertable = "friend.example  sshsm-myfriend:myfriend\n"
