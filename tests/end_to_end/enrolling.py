"""A friend who is not one yet: `sshsmctl enrol` and `trust` as an administrator runs them."""

import os
import pty
import socket
import stat

from friend import ONE
from registry import expect
from servers import fingerprint
from talk import Talk

HEAD = "# Written by sshsmctl enrol; every setting is in sshsm.conf(5).\n"
COMMENT = "sshsm@" + socket.gethostname()
# A controlling terminal, and nothing to read on standard input.
AT_A_TERMINAL = ["setsid", "--ctty", "--wait", "sh", "-c", 'exec "$@" </dev/null', "sh"]
QUESTION = b"Fingerprint: "
SUFFIX = {"ed25519": "ED25519", "rsa": "RSA", "ecdsa": "ECDSA"}


class Newcomer:
    """An empty configuration directory, and a host that is to be enrolled in it."""

    def __init__(self, bench, sshd=None, *, port=None, hosts=("127.0.0.1",), name="friend"):
        self.bench, self.rig, self.name = bench, bench.rig, name
        self.sshd = sshd or bench.rig.sshd
        self.port = port or self.sshd.port
        self.hosts = hosts
        self.user = bench.rig.login
        self.directory = os.path.join(bench.directory, "conf")
        if self.rig.is_root:
            os.makedirs(self.directory, exist_ok=True)
            os.chmod(self.directory, 0o755)
            self.write("sshsm.conf", f"run-as = {self.rig.mail_user.pw_name}\n")

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), 0o644)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    @property
    def place(self):
        """The host as it is named to people."""
        return f"[{self.hosts[0]}]:{self.port}" if self.port != 22 else self.hosts[0]

    def words(self, verb, *options):
        """The arguments; enrol gets those that every enrolment needs."""
        needed = ["--user", self.user, "--port", str(self.port)] if verb == "enrol" else []
        needed += [word for host in self.hosts for word in ("--host", host)] if verb == "enrol" else []
        return [verb, "--config-dir", self.directory, *needed, *options, "--", self.name]

    def run(self, verb, *options, **more):
        return self.bench.run(*self.words(verb, *options), program=self.rig.sshsmctl, **more)

    def enrol(self, *options, **more):
        return self.run("enrol", *options, **more)

    def enrolled(self, kind="ed25519"):
        """The same, once it is done."""
        self.enrol("--fingerprint", self.fingerprint(kind)).has_status(0)
        return self

    def trust(self, *options, **more):
        return self.run("trust", *options, **more)

    def at_terminal(self, verb, *options):
        """The same by a person at a terminal, who has been asked the question."""
        controller, terminal = pty.openpty()
        self.bench.at_end(lambda: [os.close(number) for number in (controller, terminal)])
        running = self.bench.start(*self.words(verb, *options), program=self.rig.sshsmctl,
                                   prefix=AT_A_TERMINAL, stdin=terminal)
        talk = Talk(running, controller)
        talk.wait_for(QUESTION)
        return talk

    # --- the host's keys ---

    def host_key(self, kind="ed25519"):
        return self.sshd.host_keys[kind]

    def fingerprint(self, kind="ed25519"):
        return fingerprint(self.host_key(kind))

    def key_name(self, kind="ed25519"):
        return f"{SUFFIX[kind]} {self.fingerprint(kind)}"

    def pin(self, kind="ed25519"):
        return f"host-key = {self.host_key(kind)}\n"

    # --- what is there afterwards ---

    def configuration(self, *kinds, hosts=None):
        return (HEAD + f"user = {self.user}\nhost = {hosts or ' '.join(self.hosts)}\n"
                f"port = {self.port}\n" + "".join(self.pin(kind) for kind in kinds))

    def is_configured_with(self, *kinds):
        expect(self.read(f"{self.name}.conf"), self.configuration(*kinds), "the configuration")

    def wrote_nothing(self):
        names = os.listdir(self.directory) if os.path.exists(self.directory) else []
        expect([name for name in names if name != "sshsm.conf"], [], "files")

    def has_file(self, name, owner, mode):
        status = os.lstat(self.path(name))
        expect(stat.S_ISREG(status.st_mode), True, f"{name} is a file")
        expect((status.st_uid, f"{stat.S_IMODE(status.st_mode):04o}"), (owner, f"{mode:04o}"),
               f"owner and mode of {name}")

    def send(self, **more):
        return self.bench.run("--config-dir", self.directory, "-bS", "--", self.name, stdin=ONE, **more)


def key_line_of(result):
    """The line to paste."""
    lines = [line for line in result.stdout.decode().splitlines() if line.startswith("restrict")]
    expect(len(lines), 1, "key lines")
    return lines[0]
