"""A far host with a real mail server: a copy of a root of tests/roots, with its sshd inside.

It has a network of its own, which is only a loopback; whatever shall reach it enters that network
with `MailRoot.prefix`. sshd listens on port 22 with the host keys of its installation and lets the
user `mailrx` in, whose forced command is the real mail server. Everything is gone with it.
"""

import os
import signal
import socket
import subprocess
import threading
import time

from registry import Skip
from servers import LIFETIME

ROOTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "roots")
HOST = "mx.friend.example"
# A mail server asks for the sender's domain; these are there to be found.
NAMES = ("127.0.0.1 localhost\n127.0.0.1 mx.friend.example mx friend.example\n"
         "127.0.0.1 here.example generator.example\n")
USER = "mailrx"
UNABLE = 77
SSHD, SSHD_OPTIONS = "/usr/sbin/sshd", ["-o", "MaxStartups=1000"]
SET_UP = f"""
set -e
useradd --create-home --shell /bin/sh --password '*' {USER}
mkdir -m 700 /home/{USER}/.ssh
cat >/home/{USER}/.ssh/authorized_keys
chown -R {USER}: /home/{USER}/.ssh
"""

_lock = threading.Lock()
_made = {}


def root_directory(name):
    """Where the root of that name is, made if need be; skips the case where that cannot be."""
    with _lock:
        if name not in _made:
            _made[name] = subprocess.run(["sh", os.path.join(ROOTS, "make.sh"), name], text=True,
                                         stdin=subprocess.DEVNULL, capture_output=True, check=False)
    done = _made[name]
    if done.returncode == UNABLE:
        raise Skip(done.stderr.strip().splitlines()[-1])
    if done.returncode != 0:
        raise AssertionError(f"make.sh {name}: status {done.returncode}\n{done.stderr}")
    return done.stdout.strip()


class MailRoot:
    """One far host, running until `stop`."""

    def __init__(self, name, directory, host_name=HOST, names=NAMES):
        root = root_directory(name)
        self.directory = directory
        os.mkdir(directory)
        self.sshd_log = directory + ".sshd"
        self.port = 22
        self.host_keys = {}
        self._keys = []
        self.log = []
        self._listen()
        with open(directory + ".hosts", "w", encoding="ascii") as file:
            file.write(names)
        with open(self.sshd_log, "wb") as log:
            # The limit is inside: it outlives this program if need be.
            self._process = subprocess.Popen(
                ["sh", os.path.join(ROOTS, "enter.sh"), root, directory, host_name,
                 "timeout", "-s", "KILL", str(LIFETIME), *self._first_program()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            self._wait_for_sshd()
            self.run("sh", "-c", SET_UP, stdin=b"")
        except BaseException:
            self.stop()
            raise
        for kind in ("ed25519", "rsa", "ecdsa"):
            words = self.read(f"/etc/ssh/ssh_host_{kind}_key.pub").decode().split()
            self.host_keys[kind] = " ".join(words[:2])

    @staticmethod
    def _first_program():
        """What runs as long as the host does; it tells on standard error when sshd listens."""
        return [SSHD, "-D", "-e", "-o", "ListenAddress=127.0.0.1", *SSHD_OPTIONS]

    def _listen(self):
        """Receives what is said to the root's /dev/log."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.directory + ".log")
        os.chmod(self.directory + ".log", 0o666)

        def receive():
            while line := self._socket.recv(65536):
                self.log.append(line.decode("utf-8", "backslashreplace"))
        self._listener = threading.Thread(target=receive, daemon=True)
        self._listener.start()

    def _wait_for_sshd(self):
        end = time.monotonic() + 30
        while time.monotonic() < end and self._process.poll() is None:
            with open(self.sshd_log, encoding="utf-8", errors="replace") as log:
                if "Server listening on" in log.read():
                    path = f"/proc/{self._process.pid}/task/{self._process.pid}/children"
                    with open(path, encoding="ascii") as children:
                        self._first = children.read().split()[0]
                    return
            time.sleep(0.01)
        with open(self.sshd_log, encoding="utf-8", errors="replace") as log:
            raise AssertionError("the root's sshd does not start: " + log.read())

    @property
    def prefix(self):
        """What to put before a command of this machine that shall reach the root's sshd."""
        return ["nsenter", f"--net=/proc/{self._first}/ns/net", "--"]

    def run(self, *command, stdin=None):
        """Runs a command in the root, as its root; gives what it printed."""
        done = subprocess.run(
            ["nsenter", "--target", self._first, "--mount", "--net", "--pid", "--uts", "--ipc",
             "--root", "--wd", "--", *command], input=stdin, capture_output=True, timeout=60,
            check=False, env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"})
        if done.returncode != 0:
            raise AssertionError(f"{command}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def path(self, inside):
        """A path of the root as it is seen from here."""
        return f"/proc/{self._first}/root{inside}"

    def read(self, inside):
        with open(self.path(inside), "rb") as file:
            return file.read()

    def write(self, inside, text):
        with open(self.path(inside), "w", encoding="utf-8") as file:
            file.write(text)

    def authorize(self, public_key, command, options="restrict"):
        """Lets a key in, for that forced command alone."""
        line = f'{options},command="{command}" {public_key}\n'
        with open(self.path(f"/home/{USER}/.ssh/authorized_keys"), "a", encoding="ascii") as file:
            file.write(line)

    def stop(self):
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._socket.shutdown(socket.SHUT_RD)
        self._listener.join()
        self._socket.close()
        with open(self.directory + ".maillog", "w", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in self.log))
