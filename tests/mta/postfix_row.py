"""Postfix 3.7 of Debian with contrib/postfix."""

import json
import os
import time

from mta import CONTRIB, Mta, broken

RECIPE = os.path.join(CONTRIB, "postfix")
CONFIGURATION = "/etc/postfix"
SPOOL = "/var/spool/postfix"
# In the order in which a message goes through them.
AT_WORK = ("maildrop", "incoming", "active")
LIMIT = 60


class Postfix(Mta):
    name = root = "postfix"
    mode = "--lmtp"

    @staticmethod
    def as_sent(body):
        return broken(body, 998)

    def install_sender(self, host):
        for name in ("main.cf", "master.cf"):
            self._append(host, "sending", name)
        self.install_table(host)

    @staticmethod
    def install_table(host):
        host.put(os.path.join(RECIPE, "sending", "sshsm_transport"),
                 f"{CONFIGURATION}/sshsm_transport", 0o644)
        host.run("postmap", f"{CONFIGURATION}/sshsm_transport")

    def install_receiver(self, host):
        # Postfix needs nothing.
        pass

    def install_strict_listener(self, host):
        self._append(host, "receiving", "master.cf")

    @staticmethod
    def _append(host, side, name):
        with open(os.path.join(RECIPE, side, name), encoding="ascii") as file:
            host.append(f"{CONFIGURATION}/{name}", file.read())

    def start(self, host):
        host.run("postconf", f"myhostname = {host.host_name}", f"myorigin = {host.domain}",
                 f"mydestination = $myhostname, {host.domain}, localhost")
        host.run("newaliases")
        host.run("postfix", "check")
        host.run("postfix", "start")

    def submit(self, host, letters):
        for letter in letters:
            host.run("/usr/sbin/sendmail", "-i", "-f", letter.sender or "<>", "--",
                     *letter.recipients, stdin=letter.text())

    def run_queue(self, host):
        """The queue manager only takes the order; it is done when all that was deferred is gone, or
        is deferred anew, which changes the time of its file."""
        waiting = self._deferred(host)
        for path in waiting:
            os.utime(path, (1, 1))
        host.run("postqueue", "-f")
        end = time.monotonic() + LIMIT
        while any(self._time(path) == 1 for path in waiting) and time.monotonic() < end:
            time.sleep(0.02)

    @staticmethod
    def _deferred(host):
        top = host.path(f"{SPOOL}/deferred")
        return [os.path.join(directory, name)
                for directory, _, names in os.walk(top) for name in names]

    @staticmethod
    def _time(path):
        try:
            return os.stat(path).st_mtime
        except FileNotFoundError:
            return None

    def is_busy(self, host):
        # In the order in which a message goes, so that it cannot slip past.
        if any(name in ("sshsm", "sendmail", "postdrop") or self._is_bs(host, number, name)
               for number, name in host.processes().items()):
            return True
        return any(os.listdir(host.path(f"{SPOOL}/{queue}")) for queue in AT_WORK)

    @staticmethod
    def _is_bs(host, number, name):
        """What `sendmail -bs` becomes; a smtpd of the listener's stays for the next client."""
        try:
            return name == "smtpd" and b"-S" in host.read(f"/proc/{number}/cmdline").split(b"\0")
        except OSError:
            return False

    def waiting(self, host):
        messages = [json.loads(line) for line in host.run("postqueue", "-j").splitlines()]
        return [recipient["address"] for message in messages for recipient in message["recipients"]]

    def listing(self, host):
        return host.run("postqueue", "-p").decode("utf-8", "backslashreplace")

    def log(self, host):
        return host.said("postfix/")
