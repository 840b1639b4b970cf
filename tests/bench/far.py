"""The far side of a lane: an sshd, and the mail server behind it."""

import os
import shlex
import subprocess
import time

from exim_row import Exim
from mail_root import USER
from network import Host
from postfix_row import Postfix
from sendmail_row import Sendmail
from servers import free_port
from usage import Group

LIMIT = 20
# By hosts that Debian's packages are installed in, with the receiving side of contrib/.
REAL = {"sendmail -bs": Sendmail, "Exim": Exim, "Postfix": Postfix}


def wait_until(condition, what):
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"not within {LIMIT} s: {what}")
        time.sleep(0.02)


class SinkHost:
    """An sshd of its own on the loopback or at the near end of a line, and tests/tools/mail_sink.

    `script` is the sink's, `options` are lines of sshd_config, `make_sshd` makes another kind of sshd
    out of (directory, options, key types)."""

    def __init__(self, bench, line=None, script="", options=("MaxStartups 1000",), make_sshd=None):
        self._bench = bench
        # First, so that it is removed last, when those in it have ended.
        self.group = Group.make()
        if self.group:
            bench.at_end(self.group.remove)
        self.address = line.near if line else "127.0.0.1"
        self.prefix = list(line.prefix) if line else []
        options = [*options, *([f"ListenAddress {self.address}"] if line else [])]
        if make_sshd:
            directory = os.path.join(bench.directory, "made_sshd")
            self.sshd = make_sshd(directory, options, ("ed25519",))
            bench.at_end(self.sshd.stop)
        else:
            self.sshd = bench.sshd(options)
        self.user = bench.rig.login
        self.tally = os.path.join(bench.directory, f"tally{self.sshd.port}")
        # In a pipe the sink is the mail user's.
        with open(self.tally, "wb") as file:
            os.fchmod(file.fileno(), 0o666)
        self.sink = self._sink(script)
        self.command = shlex.join(self.sink)
        self._listeners = {}
        for pid in self._sshd_pids() if self.group else ():
            self.group.add(pid)

    def _sshd_pids(self):
        pid = self.sshd.timer_pid()
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [pid, *file.read().split()]

    def _sink(self, script):
        words = [self._bench.rig.sink, "--tally", self.tally]
        if script:
            path = os.path.join(self._bench.directory, f"script{free_port()}")
            with open(path, "w", encoding="ascii") as file:
                file.write(script)
            words += ["--script", path]
        return words

    def listener(self, script=""):
        """A port of this side's loopback at which a sink listens, by default with the host's
        script."""
        if script not in self._listeners:
            port = free_port()
            words = self._sink(script) if script else self.sink
            process = subprocess.Popen([*words, "--listen", str(port)], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, start_new_session=True)
            self._bench.at_end(lambda: end(process))
            if self.group:
                self.group.add(process.pid)
            self._listeners[script] = port
        return self._listeners[script]


class RealHost:
    """A host of tests/roots with a real mail server; raises Skip where there can be none."""

    address = "127.0.0.1"
    group = tally = None

    def __init__(self, name, bench):
        row = REAL[name]()
        directory = os.path.join(bench.directory, "real-" + row.root)
        self.sshd = Host(row.root, directory, "friend.example")
        bench.at_end(self.sshd.stop)
        self.prefix = self.sshd.prefix
        self.user, self.command = USER, "/usr/sbin/sendmail -bs"
        self.sshd.add_user("bob")
        row.install_receiver(self.sshd)
        row.start(self.sshd)


def end(process):
    """Ends a process with what it started, if it is still there."""
    if process.poll() is None:
        os.killpg(process.pid, 9)
        process.wait()
