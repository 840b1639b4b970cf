"""A machine whose first process is a real systemd, with sshsm installed as `meson install` leaves it.

It is a copy of a root of tests/roots with processes, mounts, a network, a name and control groups of its
own; systemd believes to be in a container. What is in it besides: the friend (localhost, whose sshd is
the machine's own, with a mail sink) and Postfix.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time

from mail_root import ROOTS, USER, root_directory
from registry import Skip
from servers import LIFETIME

GROUP = "sshsm-test"
# A container's systemd leaves the kernel's settings alone where it cannot write them.
FIRST = """set -e
mount -t sysfs -o ro sysfs /sys
mount -t cgroup2 cgroup /sys/fs/cgroup
for path in /proc/sys /proc/sysrq-trigger; do
  [ -e $path ] || continue
  mount --bind $path $path
  mount -o remount,bind,ro $path
done
echo READY
until [ -e /installed ]; do sleep 0.02; done
exec env -i container=sshsm-test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd \
  --unit=multi-user.target --show-status=no
"""
# Runs a command in a control group of its own: MOUNT GROUP COMMAND... The mount is nobody else's.
IN_GROUP = """set -e
mount -t cgroup2 cgroup "$1"
group="$1$(sed -n 's/^0:://p' /proc/self/cgroup)/$2"
mkdir "$group"
echo $$ >"$group/cgroup.procs"
shift 2
exec unshare --cgroup "$@"
"""
# The last processes need a moment to be gone.
REMOVE_GROUP = """mount -t cgroup2 cgroup "$1"
for _ in $(seq 100); do
  find "$1" -depth -path "*/$2*" -type d -exec rmdir {} + && break
  sleep 0.1
done
"""
MAIL = "/home/mailrx/mail"
CONFIGURATION = {"user": USER, "host": "127.0.0.1", "linger": "1", "linger-jitter": "0"}


def installed_files(build, directory):
    """What `meson install` installs, below `directory`."""
    done = subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--quiet"], check=False,
                          env={**os.environ, "DESTDIR": directory}, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError("meson install: " + done.stdout + done.stderr)


class Machine:
    def __init__(self, bench, enabled=()):
        """Units in `enabled` are started by the boot itself."""
        self._bench = bench
        self.directory = os.path.join(bench.directory, "machine")
        self._group = f"{GROUP}.{os.path.basename(tempfile.mkdtemp(dir=bench.directory))}"
        self._start(root_directory("systemd"))
        try:
            self._install()
            if enabled:
                self.run("systemctl", "enable", *enabled)
            self._boot()
        except BaseException:
            self.stop()
            raise

    def _start(self, root):
        os.mkdir(self.directory)
        self._mount = self.directory + ".cgroup"
        os.mkdir(self._mount)
        with open(self.directory + ".hosts", "w", encoding="ascii") as file:
            file.write("127.0.0.1 localhost mx.here.example\n")
        self._console = self.directory + ".console"
        with open(self._console, "wb") as console:
            self._process = subprocess.Popen(
                ["timeout", "-s", "KILL", str(LIFETIME), "unshare", "--mount", "sh", "-c", IN_GROUP, "sh",
                 self._mount, self._group, "sh", os.path.join(ROOTS, "enter.sh"), root, self.directory,
                 "mx.here.example", "--first", "/bin/sh", "-c", FIRST],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True)
        self._bench.at_end(self.stop)
        self._wait(lambda: "READY" in self.console(), "the machine's first process")
        self._first = self._find_first()

    def _wait(self, condition, what, limit=60):
        end = time.monotonic() + limit
        while not condition():
            if self._process.poll() is not None:
                raise Skip(f"no systemd can run here: {self.console().strip()[-300:]}")
            if time.monotonic() > end:
                raise AssertionError(f"not within {limit} s: {what}\n{self.console()}")
            time.sleep(0.02)

    def _find_first(self):
        """The only child of the only child of `timeout`, which are unshare and what it has forked."""
        number = str(self._process.pid)
        for _ in range(2):
            with open(f"/proc/{number}/task/{number}/children", encoding="ascii") as file:
                [number] = file.read().split()
        return number

    def console(self):
        with open(self._console, encoding="utf-8", errors="replace") as file:
            return file.read()

    # --- what is in it ---

    def _install(self):
        tree = self.directory + ".tree"
        installed_files(self._bench.rig.build, tree)
        shutil.copytree(tree, self.path("/"), symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(tree)
        sink = os.path.join(self._bench.rig.build, "tests", "tools", "mail_sink")
        shutil.copy(sink, self.path("/usr/local/bin/mail_sink"))

    def _boot(self):
        self.write("/installed", "")
        self._wait(lambda: self.state() not in ("", "starting", "initializing", "offline"), "systemd is up")

    def state(self):
        return self.ask("systemctl", "is-system-running").stdout.strip()

    # --- what a case does with it ---

    def ask(self, *command, stdin="", limit=60):
        """Runs a command in it as root, whatever becomes of it."""
        return subprocess.run(
            ["nsenter", "--target", self._first, "--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup",
             "--root", "--wd", "--", *command], input=stdin, capture_output=True, text=True, timeout=limit,
            check=False, env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"})

    def run(self, *command, **more):
        done = self.ask(*command, **more)
        if done.returncode != 0:
            raise AssertionError(f"{command}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def path(self, inside):
        return f"/proc/{self._first}/root{inside}"

    def write(self, inside, text):
        with open(self.path(inside), "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, inside):
        with open(self.path(inside), encoding="utf-8") as file:
            return file.read()

    def unit(self, name, *properties):
        """{property: value} of a unit."""
        said = self.run("systemctl", "show", "--property=" + ",".join(properties), name)
        return dict(line.split("=", 1) for line in said.splitlines())

    def stop(self):
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        subprocess.run(["unshare", "--mount", "sh", "-c", REMOVE_GROUP, "sh", self._mount, self._group],
                       check=False, capture_output=True, timeout=60)
