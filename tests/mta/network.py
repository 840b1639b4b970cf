"""Hosts with real mail servers and sshds, and the bridge between them.

Host   a copy of a root of tests/roots with a network of its own: `mx.here.example` sends,
       `mx.friend.example` receives
Bridge joins their networks, and nothing else
"""

import os
import re
import shutil
import subprocess

from mail_root import SSHD, SSHD_OPTIONS, MailRoot
from registry import Skip, expect
from servers import LIFETIME

# RFC 5737's addresses and RFC 2606's names: nothing real could be meant.
ADDRESSES = {"here.example": "192.0.2.1", "friend.example": "192.0.2.2"}
# A line for each name: sendmail takes the first name of a line for the true name of the others.
NAMES = "127.0.0.1 localhost\n" + "".join(f"{address} mx.{domain}\n{address} {domain}\n"
                                          for domain, address in ADDRESSES.items())
SYSLOG_LINE = re.compile(r"<\d+>\w+ [ \d]\d [\d:]{8} (.*)", re.S)


class Host(MailRoot):
    def __init__(self, root, directory, domain):
        self.domain = domain
        self.host_name = "mx." + domain
        self.address = ADDRESSES[domain]
        super().__init__(root, directory, self.host_name, NAMES)

    @staticmethod
    def _first_program():
        # Not sshd itself, since a case may stop it.
        return ["sh", "-c", '"$@" & exec sleep infinity', "sh", SSHD, "-D", "-e", *SSHD_OPTIONS]

    def stop_sshd(self):
        self.run("kill", self.read("/run/sshd.pid").decode().strip())
        self.run("sh", "-c", "while [ -e /run/sshd.pid ]; do sleep 0.01; done")

    def start_sshd(self):
        self.run(SSHD, *SSHD_OPTIONS)

    def network(self, *command):
        """Runs a program of the root in this host's network, but among this machine's processes."""
        done = subprocess.run(
            ["nsenter", "--target", self._first, "--mount", "--net", "--root", "--", *command],
            capture_output=True, text=True, timeout=30, check=False)
        if done.returncode != 0:
            raise Skip(f"no network of two hosts can be made here: {done.stderr.strip()}")

    def put(self, source, inside, mode=0o755):
        """Copies a file of this machine into the root."""
        shutil.copyfile(source, self.path(inside))
        os.chmod(self.path(inside), mode)

    def append(self, inside, text):
        with open(self.path(inside), "a", encoding="utf-8") as file:
            file.write(text)

    def edit(self, inside, old, new):
        """Replaces a text that must stand there exactly once."""
        text = self.read(inside).decode()
        expect(text.count(old), 1, f"times that {old!r} stands in {inside}")
        self.write(inside, text.replace(old, new))

    def add_user(self, name):
        self.run("useradd", "--create-home", "--shell", "/bin/sh", "--password", "*", name)

    def processes(self):
        """{pid: name} of what runs there, without the dead."""
        found = {}
        for number in filter(str.isdigit, os.listdir(self.path("/proc"))):
            try:
                words = self.read(f"/proc/{number}/stat").decode()
            except OSError:
                continue
            name, rest = re.fullmatch(r"\d+ \((.*)\) (.*)\n", words, re.S).groups()
            if not rest.startswith("Z"):
                found[int(number)] = name
        return found

    def said(self, *programs):
        """What these programs logged, without the date; all of them if none is named."""
        texts = [SYSLOG_LINE.fullmatch(line) for line in list(self.log)]
        lines = [found.group(1) for found in texts if found]
        return [line for line in lines if not programs or line.startswith(programs)]

    def mailboxes(self):
        """[(user, headers, body)] of all that was delivered here; the mboxes' own blank line behind
        each message is gone, and their escape of lines that begin with `From ` stays."""
        found = []
        for user in sorted(os.listdir(self.path("/var/mail"))):
            text = self.read("/var/mail/" + user)
            for message in re.split(rb"(?m)^From \S+  ?\w{3} .*\n", text)[1:]:
                headers, _, body = message.partition(b"\n\n")
                found.append((user, headers, body[:-1] if body.endswith(b"\n\n") or body == b"\n" else body))
        return found


class Bridge:
    """A network of its own with nothing but a bridge, into which hosts are plugged."""

    def __init__(self):
        self._ports = 0
        program = "ip link add bridge type bridge && ip link set bridge up && echo up && exec sleep " + str(LIFETIME)
        self._process = subprocess.Popen(["unshare", "--net", "sh", "-c", program], text=True,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT)
        said = self._process.stdout.readline().strip()
        if said != "up":
            self.stop()
            raise Skip(f"no bridge can be made here: {said}")

    def plug(self, host):
        """From now on the host reaches those that are plugged in, and nobody else."""
        self._ports += 1
        port, here = f"port{self._ports}", str(self._process.pid)
        host.network("ip", "link", "add", "eth0", "type", "veth", "peer", "name", port, "netns", here)
        subprocess.run(["nsenter", "--target", here, "--net", "--", "ip", "link", "set", port, "master",
                        "bridge", "up"], check=True, timeout=30)
        host.network("ip", "address", "add", host.address + "/24", "dev", "eth0")
        host.network("ip", "link", "set", "eth0", "up")

    def stop(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
