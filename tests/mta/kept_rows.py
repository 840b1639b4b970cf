"""Senders with a keeper (sshsmd) before the friend: rows as in rows.py, with what contrib/ says about it."""

import os

from exim_row import CONFIGURATION as EXIM
from exim_row import Exim
from mta import pasted
from postfix_row import CONFIGURATION as POSTFIX
from postfix_row import RECIPE, Postfix
from sendmail_row import Sendmail

# So that the far mail servers that the keeper has parked are gone when a case counts.
SOON = "linger = 1\nlinger-jitter = 0\n"
SESSIONS = 4
FEW = SOON + f"max-sessions = {SESSIONS}\nmax-connections = 1\n"
START = "setsid /usr/local/sbin/sshsmd myfriend </dev/null >/dev/null 2>&1 &"
READY = "until sshsmctl status myfriend >/dev/null 2>&1; do sleep 0.02; done"


class Keeper:
    """In front of a row's class."""

    # sshsm does without.
    has_other_way = False

    def start(self, host):
        super().start(host)
        self.start_keeper(host)

    @staticmethod
    def start_keeper(host):
        host.run("sh", "-c", START)
        host.run("timeout", "20", "sh", "-c", READY)

    def stop_keeper(self, host, signal="TERM"):
        """Of the process that has clients; the other ends with it."""
        processes = self.keepers(host)
        host.run("kill", "-" + signal, str(min(processes)))
        host.run("timeout", "20", "sh", "-c", "while [ -e /proc/%d ]; do sleep 0.02; done" % max(processes))

    @staticmethod
    def keepers(host):
        return [number for number, name in host.processes().items() if name == "sshsmd"]


class PostfixToSocket(Keeper, Postfix):
    """lmtp:unix: from the chroot."""

    name = "postfix_to_the_keepers_socket"

    def __init__(self):
        with open(os.path.join(RECIPE, "keeper", "myfriend.conf"), encoding="ascii") as file:
            self.settings = FEW + file.read()

    def install_sender(self, host):
        for name in ("main.cf", "master.cf"):
            self._append(host, "keeper", name)
        self.install_table(host)
        host.run("sh", "-c", pasted("postfix", "usermod -aG bsmtp postfix\n"))


class PostfixToPort(Keeper, Postfix):
    """smtp: to the port of an address, by the client that Postfix has anyway."""

    name = "postfix_to_the_keepers_port"
    settings = FEW + "listen = smtp:127.0.0.1:1025\n"

    def install_sender(self, host):
        host.write(f"{POSTFIX}/sshsm_transport", pasted("postfix", "friend.example    smtp:[127.0.0.1]:1025\n"))
        host.run("postmap", f"{POSTFIX}/sshsm_transport")
        with open(os.path.join(RECIPE, "keeper", "main.cf"), encoding="ascii") as file:
            lines = [line for line in file if line.startswith(("transport_maps", "relay_domains"))]
        host.append(f"{POSTFIX}/main.cf", "".join(lines))


class PostfixToPort25(PostfixToPort):
    """Where Postfix looks for loops."""

    settings = FEW + pasted("postfix", "helo = keeper.here.example\n") + "listen = smtp:127.0.0.2:25\n"

    def install_sender(self, host):
        super().install_sender(host)
        host.write(f"{POSTFIX}/sshsm_transport", "friend.example    smtp:[127.0.0.2]:25\n")
        host.run("postmap", f"{POSTFIX}/sshsm_transport")
        # The port is not Postfix's.
        host.run("postconf", "inet_interfaces = 127.0.0.1")


class EximToSocket(Keeper, Exim):
    name = "exim_to_the_keepers_socket"
    settings = FEW + pasted("exim", "listen = lmtp:/run/sshsm/myfriend.lmtp\n")
    local_macros = pasted("exim", "SSHSM_TRANSPORT = sshsm_socket\n")


class EximToPort(Keeper, Exim):
    name = "exim_to_the_keepers_port"
    settings = FEW + pasted("exim", "listen = smtp:127.0.0.1:1025\n")
    local_macros = pasted("exim", "SSHSM_TRANSPORT = sshsm_port\n")


class SendmailToPort(Keeper, Sendmail):
    """sendmail's own mailer."""

    name = "sendmail_to_the_keepers_port"
    settings = FEW + pasted("sendmail", "listen = smtp:127.0.0.1:1025\n")
    mailer = "define(`RELAY_MAILER_ARGS', `TCP $h 1025')dnl\nMODIFY_MAILER_FLAGS(`RELAY', `+k')dnl\n"
    mailertable = "friend.example  relay:[127.0.0.1]\n"

    def install_sender(self, host):
        # The mailer is defined with the others, so that what is said of it comes before.
        host.edit("/etc/mail/sendmail.mc", "MAILER_DEFINITIONS\n",
                  pasted("sendmail", self.mailer) + "MAILER_DEFINITIONS\n")
        self.configure(host, "", pasted("sendmail", self.mailertable))


class SendmailByMeeting(Keeper, Sendmail):
    """The recipe that knows of no keeper: sshsm finds him."""

    name = "sendmail_by_sshsm_and_the_keeper"
    settings = FEW
    has_other_way = True


KEPT = [PostfixToSocket(), EximToSocket(), SendmailToPort(), PostfixToPort(), EximToPort(), SendmailByMeeting()]
