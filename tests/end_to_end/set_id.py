"""The program as the mail user's set-id copy, and a stranger who calls it as he likes. Needs root."""

import os
import shutil
import subprocess
import sys
import threading

from friend import ONE
from registry import Skip

STRANGER = 1
# Becomes the stranger, with limits and whatever else is prepared, and runs the program with exactly this environment and
# these arguments.
STUB = """import ctypes, errno, os, resource, socket, select, sys, time
user, limits, prepare, count = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
program, words = sys.argv[5 + count], sys.argv[6 + count:]
environment = [word.encode() for word in sys.argv[5:5 + count]]
library = ctypes.CDLL(None, use_errno=True)
def strings(values):
    return (ctypes.c_char_p * (len(values) + 1))(*values, None)
exec(prepare)
os.setgroups([])
os.setresgid(user, user, user)
os.setresuid(user, user, user)
for limit in filter(None, limits.split(",")):
    name, value = limit.split("=")
    resource.setrlimit(getattr(resource, "RLIMIT_" + name), (int(value), int(value)))
# Who was forked elsewhere while the copy was written may hold it open for a moment.
for _ in range(200):
    library.execve(program.encode(), strings([word.encode() for word in words]), strings(environment))
    if ctypes.get_errno() != errno.ETXTBSY:
        break
    time.sleep(0.01)
os._exit(99)
"""
WITH_FILES = 'mount --bind "$0" "$1" && shift && exec "$@"'
PLAIN = ("sshsm", "-bS", "--", "friend")


def copy_of(bench, friend, name, mode=0o755):
    """A copy of the program where every user can reach it."""
    if not bench.rig.is_root:
        raise Skip("only root can start a program as somebody else")
    if bench.rig.wrapper:
        raise Skip("a wrapper cannot start a program as somebody else")
    copy = friend.path(name)
    shutil.copy(bench.rig.sshsm, copy)
    os.chown(copy, bench.rig.mail_user.pw_uid, bench.rig.mail_user.pw_gid)
    os.chmod(copy, mode)
    return copy


class BuiltInPlace:
    """The directory that the program knows by itself: there while any case needs it, and gone behind the last one
    if it was not there before."""

    _lock = threading.Lock()
    _users = 0
    _was_missing = False

    def __init__(self, bench):
        shown = subprocess.run([bench.rig.sshsm, "--help"], capture_output=True, text=True, check=True).stdout
        self.path = shown.split("Configuration: ")[1].rsplit("/", 1)[0]
        with self._lock:
            if BuiltInPlace._users == 0:
                BuiltInPlace._was_missing = not os.path.isdir(self.path)
                os.makedirs(self.path, exist_ok=True)
            BuiltInPlace._users += 1
        bench.at_end(self._leave)

    def _leave(self):
        with self._lock:
            BuiltInPlace._users -= 1
            if BuiltInPlace._users == 0 and BuiltInPlace._was_missing:
                os.rmdir(self.path)


class SetIdCopy:
    """The friend's files are its own, in a mount namespace of each call."""

    def __init__(self, bench, friend):
        if bench.rig.syslog.reason:
            raise Skip("no private mount namespace here")
        self.bench, self.friend = bench, friend
        self.program = copy_of(bench, friend, "set_id_sshsm", 0o4755)
        if os.statvfs(self.program).f_flag & os.ST_NOSUID:
            raise Skip("the test directory is mounted nosuid")
        self.place = BuiltInPlace(bench).path

    def start(self, *words, limits="", prepare="", environment=None, **more):
        """`words` are all of its arguments, its name included; `prepare` is Python that runs before."""
        pairs = [f"{name}={value}" for name, value in (environment or self.bench.rig.environment).items()]
        prefix = ("unshare", "--mount", "--propagation", "unchanged", "sh", "-c", WITH_FILES, self.friend.directory,
                  self.place, sys.executable, "-I", "-c", STUB, str(STRANGER), limits, prepare, str(len(pairs)), *pairs)
        return self.bench.start(*words, program=self.program, prefix=prefix, **more)

    def run(self, *words, stdin=ONE, **more):
        return self.start(*words, **more).finish(stdin)
