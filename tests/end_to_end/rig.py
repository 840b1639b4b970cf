"""What the end-to-end cases stand on: a throwaway sshd, friends to send to, and sshsm runs.

Rig     one per test run: the build, a directory, an sshd, the syslog catcher
Bench   one per case: makes friends, and cleans up behind the case
Result  how one sshsm ended

A Friend (friend.py) is one destination: DEST.conf, key, pins, the forced command with its script, and
what arrived. servers.py has the throwaway sshd.
"""

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time

from friend import Friend
from registry import Skip, expect
from servers import Sshd
from syslog_catcher import SyslogCatcher

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
# No run may take longer than this unless its case says so.
RUN_LIMIT = 40
# The cases' sockets lie some way below TMPDIR, and the path of one has 107 octets (unix(7)).
LONGEST_PLACE = 24


def read_causes():
    """{sentence: name} from the table of causes."""
    with open(os.path.join(SOURCE, "src", "base", "causes.cc"), encoding="utf-8") as file:
        rows = re.findall(r'\{Cause::\w+,\s*"([^"]+)",\s*"[^"]+",\s*"([^"]+)"', file.read())
    return {sentence: name for name, sentence in rows}


class Result:
    def __init__(self, status, stdout, stderr, seconds, rig, logged_as):
        self.status = status
        self.stdout = stdout
        self.stderr = (stderr or b"").decode("utf-8", "backslashreplace")
        self.seconds = seconds
        self._logged_as = logged_as
        self.causes = set()
        self._rig = rig

    @property
    def log(self):
        """The syslog lines of this run. Without a catcher the case is skipped here."""
        return [text for _, text in self.log_with_levels]

    @property
    def log_with_levels(self):
        if self._rig.syslog.reason:
            raise Skip(self._rig.syslog.reason)
        return self._rig.syslog.lines_of(*self._logged_as)

    def _show(self):
        return f"status {self.status} after {self.seconds:.2f} s\n  stderr: {self.stderr!r}"

    def is_accepted(self):
        if self.status != 0 or self.stderr or self.stdout:
            raise AssertionError(f"wanted: status 0 in silence\n  is: {self._show()}")

    def has_status(self, status):
        if self.status != status:
            raise AssertionError(f"wanted: status {status}\n  is: {self._show()}")

    def says(self, status, *lines):
        """The status and every line on standard error, literally; nothing on standard output."""
        self.has_status(status)
        self._rig.compared |= self.causes
        expect(self.stdout, b"", "standard output")
        expect(self.stderr, "".join(line + "\n" for line in lines), "standard error")

    def replies(self, status, *lines):
        """The status and every line on standard output, literally; nothing on standard error."""
        self.has_status(status)
        self._rig.compared |= self.causes
        expect(self.stderr, "", "standard error")
        expect(self.stdout.decode(), "".join(line + "\r\n" for line in lines), "standard output")

    def prints(self, status, *lines):
        """The same of a program that speaks to a person. Milliseconds are `N ms` there."""
        self.has_status(status)
        self._rig.compared |= self.causes
        expect(self.stderr, "", "standard error")
        shown = re.sub(r"\(\d+ ms\)$", "(N ms)", self.stdout.decode(), flags=re.M)
        expect(shown, "".join(line + "\n" for line in lines), "standard output")

    def matches(self, status, pattern):
        """The same with one regular expression, where a line has parts that change."""
        self.has_status(status)
        self._rig.compared |= self.causes
        expect(self.stdout, b"", "standard output")
        if not re.fullmatch(f"(?:{pattern})\n", self.stderr):
            raise AssertionError(f"standard error\n  is:     {self.stderr!r}\n  wanted: {pattern!r}")


class Running:
    """An sshsm at work."""

    def __init__(self, process, rig, began, logged):
        self.process = process
        self.pid = process.pid
        self._rig = rig
        self._began = began
        self._logged = logged

    def finish(self, stdin=b"", limit=RUN_LIMIT):
        try:
            out, err = self.process.communicate(stdin, timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            out, err = self.process.communicate()
            raise AssertionError(f"sshsm did not end within {limit} s\n  stderr: {err!r}") from None
        finally:
            self.kill_group()
        seconds = time.monotonic() - self._began
        result = Result(self.process.returncode, out, err, seconds, self._rig,
                        (self.pid, self._logged))
        self._rig.note(result)
        return result

    def note(self, result):
        """For what was heard before its end."""
        self._rig.note(result)

    def kill_group(self):
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def feed_some(self, stdin):
        """The beginning of what it will read."""
        self.process.stdin.write(stdin)
        self.process.stdin.flush()

    def feed(self, stdin):
        """Everything it will read, without waiting for its end."""
        self.process.stdin.write(stdin)
        self.process.stdin.close()
        self.process.stdin = None

    def children(self):
        with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]


class Rig:
    def __init__(self, build, key_types=("ed25519", "rsa", "ecdsa")):
        self.build = os.path.abspath(build)
        self.sshsm = os.path.join(self.build, "src", "sshsm")
        self.sshsmctl = os.path.join(self.build, "src", "sshsmctl")
        self.sink = os.path.join(self.build, "tests", "tools", "mail_sink")
        self.fault_server = os.path.join(self.build, "tests", "tools", "fault_server")
        for program in (self.sshsm, self.sshsmctl, self.sink, self.fault_server):
            if not os.access(program, os.X_OK):
                raise RuntimeError(f"{program} is not built")
        self.is_root = os.geteuid() == 0
        self.login = pwd.getpwuid(os.geteuid()).pw_name
        self.mail_user = pwd.getpwnam("nobody") if self.is_root else pwd.getpwuid(os.geteuid())
        place = tempfile.gettempdir()
        if len(place) > LONGEST_PLACE:
            raise RuntimeError(f"TMPDIR is too long for the paths of Unix sockets: {place}; at most "
                               f"{LONGEST_PLACE} octets")
        self.directory = tempfile.mkdtemp(prefix="sshsm-test-")
        os.chmod(self.directory, 0o755)
        self.wrapper = []
        self.environment = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}
        self.environment.update((name, os.environ[name]) for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS")
                                if name in os.environ)
        # Names of causes: seen at all, and compared as whole lines.
        self.provoked = set()
        self.compared = set()
        self._benches = set()
        self.causes = read_causes()
        self.syslog = SyslogCatcher()
        self.sshd = Sshd(os.path.join(self.directory, "sshd"), key_types=key_types)

    def is_built_with_sandbox(self):
        with open(os.path.join(self.build, "build_settings.h"), encoding="ascii") as file:
            return "#define SSHSM_SANDBOX 1" in file.read()

    def bench(self, name):
        bench = Bench(self, name)
        self._benches.add(bench)
        return bench

    def forget(self, bench):
        self._benches.discard(bench)

    def stop_everything(self):
        """For an interrupt: ends what the cases at work have started."""
        for bench in list(self._benches):
            bench.stop()

    def close(self, keep=False):
        self.sshd.stop()
        self.syslog.close()
        if not keep:
            shutil.rmtree(self.directory, ignore_errors=True)

    def note(self, result):
        """Finds which causes a run names, for the list at the end."""
        words = result.stderr + result.stdout.decode("utf-8", "replace")
        head = r"^(?:4[25]1 )?4\.\d\.\d sshsmd?: (?:\S+ \(\S*\): |\S+: )?"
        result.causes = {name for sentence, name in self.causes.items()
                         if re.search(head + re.escape(sentence), words, re.M)}
        self.provoked |= result.causes


class Bench:
    def __init__(self, rig, name):
        self.rig = rig
        self.directory = tempfile.mkdtemp(prefix=name[:20] + "-", dir=rig.directory)
        os.chmod(self.directory, 0o755)
        self._at_end = []
        self._count = 0

    def stop(self):
        while self._at_end:
            self._at_end.pop()()

    def close(self, keep=False):
        self.stop()
        self.rig.forget(self)
        if not keep:
            shutil.rmtree(self.directory, ignore_errors=True)

    def at_end(self, function):
        self._at_end.append(function)

    def sshd(self, options=(), key_types=("ed25519",)):
        """An sshd for this case alone."""
        self._count += 1
        sshd = Sshd(os.path.join(self.directory, f"sshd{self._count}"), options, key_types)
        self.at_end(sshd.stop)
        return sshd

    def friend(self, script="", **arguments):
        self._count += 1
        return Friend(self, os.path.join(self.directory, f"friend{self._count}"), script,
                      **arguments)

    def fault_server(self, fault, *options, sink=()):
        """(port, host key) of an SSH server with that fault."""
        command = [self.rig.fault_server, "--fault", fault, *options]
        process = subprocess.Popen(command + (["--", *sink] if sink else []), text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

        def stop():
            process.kill()
            process.wait()
            process.stdout.close()
        self.at_end(stop)
        port = int(process.stdout.readline().split()[1])
        return port, process.stdout.readline().split(" ", 1)[1].strip()

    def faulty_friend(self, fault, *options, script="", settings=()):
        """A friend whose host is a fault server."""
        friend = self.friend(script, settings=settings)
        port, key = self.fault_server(fault, *options, sink=friend.sink_command())
        friend.settings["port"] = str(port)
        friend.write_pins([f"[127.0.0.1]:{port} {key}"])
        friend.write_configuration()
        return friend

    def start(self, *arguments, environment=None, prefix=(), stdin=subprocess.PIPE,
              stdout=subprocess.PIPE, stderr=subprocess.PIPE, program=None):
        began = time.monotonic()
        logged = self.rig.syslog.count()
        process = subprocess.Popen(
            [*prefix, *self.rig.wrapper, program or self.rig.sshsm, *arguments], stdin=stdin,
            stdout=stdout, stderr=stderr, start_new_session=True,
            env={**self.rig.environment, **(environment or {})}, cwd="/")
        running = Running(process, self.rig, began, logged)
        self.at_end(running.kill_group)
        return running

    def run(self, *arguments, stdin=b"", limit=RUN_LIMIT, **options):
        return self.start(*arguments, **options).finish(stdin, limit)

    @staticmethod
    def now():
        return time.monotonic()

    @staticmethod
    def pause(seconds):
        time.sleep(seconds)

    def wait_until(self, condition, what, limit=10):
        end = time.monotonic() + limit
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"not within {limit} s: {what}")
            time.sleep(0.01)
