"""A far host whose one user is as a case wants him: his shell, his password field, his files.

The sshd runs in a mount namespace of its own with another passwd and shadow; nothing of this machine
changes. Needs root.
"""

import os
import shutil
import subprocess

from registry import Skip
from servers import Sshd

USER, USER_ID = "sshsm-friend", 64321
WITH_ACCOUNTS = 'mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/shadow" /etc/shadow && '
WITHOUT_SBIN = 'mount --bind "$0/empty" /usr/sbin && '


class AccountSshd(Sshd):
    def __init__(self, bench, *, shell="/bin/sh", password="*", has_sbin=True):
        if not bench.rig.is_root:
            raise Skip("only root can give an sshd another passwd file")
        if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
            raise Skip("no private mount namespace here")
        self.home = os.path.join(bench.directory, "home")
        accounts = os.path.join(bench.directory, "accounts")
        for directory in (self.home, accounts, os.path.join(accounts, "empty")):
            os.makedirs(directory)
        os.chown(self.home, USER_ID, USER_ID)
        self._write(accounts, "passwd", f"{USER}:x:{USER_ID}:{USER_ID}::{self.home}:{shell}\n", 0o644)
        self._write(accounts, "shadow", f"{USER}:{password}:19000:0:99999:7:::\n", 0o640)
        script = WITH_ACCOUNTS + ("" if has_sbin else WITHOUT_SBIN) + 'exec "$@"'
        self.prefix = ["unshare", "--mount", "--propagation", "unchanged", "sh", "-c", script, accounts]
        if not has_sbin:
            # It starts itself again for each connection.
            self.program = shutil.copy("/usr/sbin/sshd", accounts)
        bench.at_end(self.stop)
        # The user's own shell is part of the case: the first value of a word counts.
        super().__init__(os.path.join(bench.directory, "account_sshd"),
                         ["UsePAM no", "SetEnv SSHSM_TEST=1"], ("ed25519",))

    @staticmethod
    def _write(directory, name, line, mode):
        with open(os.path.join("/etc", name), encoding="utf-8") as file:
            rest = file.read()
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(line + rest)
        os.chmod(file.name, mode)

    def write_home(self, name, text):
        path = os.path.join(self.home, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chown(path, USER_ID, USER_ID)

    def friend(self, bench, **more):
        """A friend whose login is that user."""
        return bench.friend(sshd=self, settings={"user": USER}, **more)
