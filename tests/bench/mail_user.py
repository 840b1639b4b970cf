"""Who the clients are: mail servers start their mailers as the mail user, and not as root."""

import os
import shutil
import tempfile

from servers import new_key


class MailUser:
    """Without root it is whoever runs the bench, and nothing is to be done."""

    def __init__(self, rig):
        self._rig = rig
        user = rig.mail_user
        self.prefix = [] if not rig.is_root else [
            "setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]

    def give(self, path):
        os.chown(path, self._rig.mail_user.pw_uid, self._rig.mail_user.pw_gid)
        return path

    def directory(self, bench, prefix):
        """A new one of his that ends with the bench. Its name is short, for the sake of sockets."""
        made = self.give(tempfile.mkdtemp(prefix=prefix, dir=self._rig.directory))
        bench.at_end(lambda: shutil.rmtree(made, ignore_errors=True))
        return made

    def new_key(self, path):
        """A key of his; gives the public one."""
        public = new_key(path)
        self.give(path)
        return public

    def program(self, path):
        """The same where he can reach it: the tree may be in a directory of root's."""
        if not self._rig.is_root:
            return path
        directory = os.path.join(self._rig.directory, "programs")
        os.makedirs(directory, exist_ok=True)
        copy = os.path.join(directory, os.path.basename(path))
        if not os.path.exists(copy):
            shutil.copy(path, copy)
        return copy
