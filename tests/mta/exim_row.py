"""Exim 4.96 of Debian with contrib/exim, as Debian's split configuration."""

import os
import re

from mta import CONTRIB, Mta, pasted

RECIPE = os.path.join(CONTRIB, "exim")
CONFIGURATION = "/etc/exim4"
DAEMON = "/run/exim4/exim.pid"
LOG = "/var/log/exim4/mainlog"
# A recipient who has the message stands behind a D.
WAITS = re.compile(r"^ {10}(\S+)$", re.M)


class Exim(Mta):
    """The first recipe, LMTP."""

    name = root = "exim"
    mode = "--lmtp"
    longest_line = 998

    # As an administrator would choose another one.
    local_macros = ""

    def install_sender(self, host):
        self._copy(host, "sending")
        host.write(f"{CONFIGURATION}/sshsm.routes", pasted("exim", "friend.example: myfriend\n"))
        if self.local_macros:
            host.write(f"{CONFIGURATION}/conf.d/main/000_localmacros", self.local_macros)
        self._answer(host, relay_domains="+sshsm_domains")

    def install_receiver(self, host):
        self._copy(host, "receiving")
        self._answer(host, local_interfaces="0.0.0.0 ; ::0 ; 127.0.0.1.2526")

    def install_strict_listener(self, host):
        # It is in the recipe for the receiving side.
        pass

    @staticmethod
    def _copy(host, side):
        top = os.path.join(RECIPE, side)
        for directory, _, names in os.walk(top):
            for name in names:
                path = os.path.join(directory, name)
                host.put(path, f"{CONFIGURATION}/{os.path.relpath(path, top)}", 0o644)

    @staticmethod
    def _answer(host, **answers):
        """Debian's questions, and the configuration made of the answers."""
        settings = {"eximconfig_configtype": "internet", "other_hostnames": host.domain,
                    "use_split_config": "true", **answers}
        path = f"{CONFIGURATION}/update-exim4.conf.conf"
        text = host.read(path).decode()
        for key, value in settings.items():
            text = re.sub(f"(?m)^dc_{key}=.*$", f"dc_{key}='{value}'", text)
        host.write(path, text)
        host.write("/etc/mailname", host.domain + "\n")
        host.run("update-exim4.conf")
        host.run("exim4", "-bV")

    def start(self, host):
        host.run("exim4", "-bd")
        host.run("sh", "-c", f"while ! [ -s {DAEMON} ]; do sleep 0.01; done")

    def submit(self, host, letters):
        for letter in letters:
            host.run("/usr/sbin/sendmail", "-odq", "-i", "-f", letter.sender or "<>", "--",
                     *letter.recipients, stdin=letter.text())

    def run_queue(self, host):
        host.run("exim4", "-qff")

    def is_busy(self, host):
        daemon = int(host.read(DAEMON))
        return any(name in ("exim4", "sshsm") and number != daemon
                   for number, name in host.processes().items())

    def waiting(self, host):
        return WAITS.findall(self.listing(host))

    def listing(self, host):
        return host.run("exim4", "-bp").decode()

    def log(self, host):
        return host.read(LOG).decode("utf-8", "backslashreplace").splitlines()


class EximBatch(Exim):
    """The second recipe, batch SMTP."""

    name = "exim_batch"
    mode = "-bS"
    local_macros = "SSHSM_TRANSPORT = sshsm_bsmtp\n"
