"""A throwaway sshd, and the keys for it."""

import os
import pwd
import shutil
import socket
import subprocess
import threading
import time

# Nothing that the rig starts outlives it by more than this, whatever happens.
LIFETIME = 1800


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pass_on(one, other):
    """Hands what comes from a socket to another until either end is over."""
    try:
        while piece := one.recv(65536):
            other.sendall(piece)
        other.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def run_quietly(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def new_key(path, kind="ed25519", passphrase=""):
    """An OpenSSH key pair, `ecdsa_384` with that size; gives the public key as `TYPE BASE64`."""
    kind, _, size = kind.partition("_")
    bits = {"rsa": ["-b", "3072"], "ecdsa": ["-b", size or "256"]}.get(kind, [])
    run_quietly("ssh-keygen", "-q", "-t", kind, *bits, "-N", passphrase, "-C", "", "-f", path)
    with open(path + ".pub", encoding="ascii") as file:
        return " ".join(file.read().split()[:2])


def fingerprint(public_key):
    """`SHA256:…` of a `TYPE BASE64`."""
    done = subprocess.run(["ssh-keygen", "-l", "-f", "/dev/stdin"], input=public_key + "\n",
                          capture_output=True, text=True, check=True)
    return done.stdout.split()[1]


def is_locked(user):
    """Without PAM, sshd lets nobody in whose password is locked."""
    if os.geteuid() != 0:
        return False
    with open("/etc/shadow", encoding="utf-8") as file:
        return any(line.startswith(user + ":!") for line in file)


class Sshd:
    """A real sshd on a free port of the loopback, with its own keys and configuration."""

    # What to put before the program.
    prefix = []
    program = None
    address = "127.0.0.1"

    def __init__(self, directory, options=(), key_types=("ed25519", "rsa", "ecdsa")):
        os.makedirs(directory)
        self.directory = directory
        self.authorized_keys = os.path.join(directory, "authorized_keys")
        self.log = os.path.join(directory, "log")
        self._lock = threading.Lock()
        open(self.authorized_keys, "w", encoding="ascii").close()
        self.host_keys = {kind: new_key(os.path.join(directory, "host_" + kind), kind)
                          for kind in key_types}
        self._options = list(options)
        self.program = self.program or shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if not self.program:
            raise RuntimeError("there is no sshd")
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        self._process = None
        self.start()

    def _configuration(self):
        lines = [f"Port {self.port}", f"ListenAddress {self.address}", "PidFile none",
                 "UsePAM " + ("yes" if is_locked(pwd.getpwuid(os.geteuid()).pw_name) else "no"),
                 f"AuthorizedKeysFile {self.authorized_keys}", "StrictModes no",
                 "PermitRootLogin prohibit-password", "PasswordAuthentication no",
                 "KbdInteractiveAuthentication no", "LogLevel VERBOSE",
                 # A bash that sshd starts reads ~/.bashrc, unless it is not the first shell. What
                 # this machine's prints and how long it takes is none of our tests' business.
                 "SetEnv SHLVL=9"]
        # What a case asks for comes first, since sshd takes the first value of a word.
        lines = self._options + lines
        if not any(option.startswith("MaxStartups") for option in self._options):
            lines.append("MaxStartups 1000")
        # Since OpenSSH 9.8 whoever fails to log in is shut out for a while, and here all come from
        # one address: a case that provokes a failure would shut out those beside it.
        if self.has_penalties() and not any("PerSourcePenalties" in line for line in self._options):
            lines.append("PerSourcePenalties no")
        lines += [f"HostKey {self.directory}/host_{kind}" for kind in self.host_keys]
        return "\n".join(lines) + "\n"

    def has_penalties(self):
        """Whether this sshd knows PerSourcePenalties; it complains of a word before anything else."""
        done = subprocess.run([self.program, "-t", "-f", "/dev/null", "-o", "PerSourcePenalties=no"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        return "Bad configuration option" not in done.stderr

    def start(self):
        for _ in range(5):
            self.port = free_port()
            path = os.path.join(self.directory, "config")
            with open(path, "w", encoding="ascii") as file:
                file.write(self._configuration().replace("MaxStartups default\n", ""))
            self._process = subprocess.Popen(
                ["timeout", str(LIFETIME), *self.prefix, self.program, "-D", "-f", path, "-E", self.log],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if self._answers():
                return
            self.stop()
        with open(self.log, encoding="utf-8", errors="replace") as file:
            raise RuntimeError("sshd does not start: " + file.read())

    def _answers(self):
        for _ in range(200):
            if self._process.poll() is not None:
                return False
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as probe:
                    return probe.recv(4) == b"SSH-"
            except OSError:
                time.sleep(0.02)
        return False

    def authorize(self, public_key, command, options="restrict"):
        with self._lock, open(self.authorized_keys, "a", encoding="utf-8") as file:
            quoted = command.replace("\\", "\\\\").replace('"', '\\"')
            file.write(f'{options},command="{quoted}" {public_key}\n')

    def timer_pid(self):
        """Of timeout(1), whose only child is the sshd that listens."""
        return self._process.pid

    def stop(self):
        if self._process and self._process.poll() is None:
            self._process.terminate()
        if self._process:
            self._process.wait()
