"""Stands in for syslogd, so that the lines that really leave sshsm are tested.

A machine's own /dev/log is never touched: the tests run in a mount namespace of their own whose
/dev is a small copy. Where that is not allowed, the socket is made at /dev/log if nothing is there,
and removed afterwards; if even that cannot be, there is no catcher.
"""

import os
import re
import socket
import subprocess
import sys
import threading

PATH = "/dev/log"
MARK = "SSHSM_TESTS_OWN_DEV"

# Puts a /dev in which a socket can be made over the one that is there, for itself alone, and runs the
# rest of its arguments. In a chroot / may be no mount point, but then /dev must be one.
PRIVATE_DEV = """
set -e
mount --make-rprivate / 2>/dev/null || mount --make-rprivate /dev
mount -t tmpfs -o mode=755,size=1m sshsm-tests /dev
cd /dev
for node in null:3 zero:5 full:7 random:8 urandom:9; do
  mknod -m 666 "${node%:*}" c 1 "${node#*:}"
done
mknod -m 666 tty c 5 0
mkdir pts
mount -t devpts -o ptmxmode=666 devpts pts && ln -s pts/ptmx ptmx
ln -s /proc/self/fd fd
for name in stdin:0 stdout:1 stderr:2; do ln -s "/proc/self/fd/${name#*:}" "${name%:*}"; done
cd "$0"
exec "$@"
"""


def enter_private_dev():
    """Starts this program again inside the namespace, if it is not there yet and may go there."""
    if os.geteuid() != 0 or os.environ.get(MARK):
        return
    command = ["unshare", "--mount", "--propagation", "unchanged", "sh", "-c", PRIVATE_DEV, os.getcwd()]
    try:
        probe = subprocess.run(command + ["true"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return
    if probe.returncode != 0:
        return
    os.environ[MARK] = "1"
    sys.stdout.flush()
    os.execvp(command[0], command + [sys.executable] + sys.argv)


class SyslogCatcher:
    def __init__(self):
        self.reason = None
        self._lines = []
        self._changed = threading.Condition()
        if os.geteuid() != 0:
            self.reason = "only root can stand in for syslogd"
            return
        if os.path.lexists(PATH):
            self.reason = PATH + " belongs to this machine's syslogd"
            return
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind(PATH)
        os.chmod(PATH, 0o666)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            line = self._socket.recv(65536).rstrip(b"\n\0").decode("utf-8", "surrogateescape")
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()

    def _wait_for(self, mark):
        with self._changed:
            if not self._changed.wait_for(lambda: mark in self._lines, 5):
                raise AssertionError("the syslog catcher does not answer")

    def count(self):
        """How many lines there are by now."""
        with self._changed:
            return len(self._lines)

    def lines_of(self, pid, begin):
        """[(facility and level as a number, text)] of one sshsm, in order.

        `begin` is the count when it was started: process numbers come again.
        """
        # What was sent before our own mark has arrived before it: the socket is a queue.
        mark = f"mark {threading.get_ident()} {os.urandom(8).hex()}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.sendto(mark.encode(), PATH)
        self._wait_for(mark)
        shape = re.compile(r"<(\d+)>\w{3} [ \d]\d [\d:]{8} sshsmd?\[" + str(pid) + r"\]: (.*)", re.S)
        with self._changed:
            found = [shape.fullmatch(line) for line in self._lines[begin:]]
        return [(int(match[1]), match[2]) for match in found if match]

    def close(self):
        if self.reason is None:
            os.unlink(PATH)
