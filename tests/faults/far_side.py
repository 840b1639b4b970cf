"""The far side of a scenario: an sshd or a fault server, the line to it, and the mail server there.

Workshop   one per worker: a rig of its own, and the friends that are used again and again
FarSide    one per scenario
"""

import contextlib
import os
import subprocess
import time

from fault_proxy import FaultProxy
from friend import Friend
from processes import children, descendants
from proxy_command import RELAY, program
from resolver import ADDRESS_NAMES
from rig import Rig
from servers import new_key
from smtp_address import friend_with_sink

# What a mail server gets to end, when the line to it has.
SINK_LIMIT = 4
# Our servers listen at 127.0.0.1 alone.
DEAD_HOST = "127.0.0.66"


class Workshop:
    def __init__(self, build, means):
        self.rig = Rig(build, key_types=("ed25519",))
        self.means = means
        self.bench = self.rig.bench("workshop")
        self.friends = {"sshd": self.bench.friend(), "smtp-address": friend_with_sink(self.bench)}
        self.friends["proxy-command"] = self.friends["sshd"]
        self.relay = program(self.friends["sshd"], "relay", RELAY)
        for friend in self.friends.values():
            # The keeper makes its meeting place there.
            os.chown(friend.directory, self.rig.mail_user.pw_uid, self.rig.mail_user.pw_gid)
            friend.first_settings = dict(friend.settings)
            friend.first_files = set(os.listdir(friend.directory))
        stranger = os.path.join(self.bench.directory, "stranger")
        self.strange_key = new_key(stranger)
        self.disk = self._make_disk()

    def _make_disk(self):
        """A small one, which is full soon; none where it cannot be."""
        path = os.path.join(self.rig.directory, "disk")
        os.mkdir(path)
        if not self.means.has_mounts:
            return None
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777,size=64k", "faults", path], check=True)
        return path

    def close(self):
        self.bench.close()
        if self.disk:
            subprocess.run(["umount", self.disk], check=False)
        self.rig.close()


class FarSide:
    def __init__(self, workshop, plan, bench):
        self.plan = plan
        self._workshop = workshop
        self._bench = bench
        self.friend = workshop.friends[plan.far]
        self._tidy(self.friend)
        self.friend.bench = bench
        self.friend.write("script", "\n".join(plan.offers + plan.script) + "\n")
        self.friend.settings = {**self.friend.first_settings,
                                **{name: str(value) for name, value in plan.settings.items()}}
        self._stack = contextlib.ExitStack()
        self._serve()
        self.friend.write_configuration()
        self.trust("changed" if plan.trust and plan.trust[1] is None and plan.trust[0] == "changed" else None)
        if plan.trust and plan.trust[1] is None:
            self.trust(plan.trust[0])

    def _tidy(self, friend):
        """Nothing is left of the scenario before."""
        for name in set(os.listdir(friend.directory)) - friend.first_files:
            os.unlink(friend.path(name))
        for name in os.listdir(friend.path("mail")):
            os.unlink(os.path.join(friend.path("mail"), name))
        disk = self._workshop.disk
        if disk:
            for name in os.listdir(disk):
                os.unlink(os.path.join(disk, name))

    def _serve(self):
        friend, plan = self.friend, self.plan
        self.key = friend.sshd.host_keys["ed25519"]
        port = friend.sshd.port
        if plan.fault:
            port, self.key = self._bench.fault_server(*plan.fault, sink=friend.sink_command())
        if plan.line:
            line = dict(plan.line)
            port = self._stack.enter_context(FaultProxy(port, line.pop("direction"), **line)).port
        friend.settings["port"] = str(port)
        if plan.resolver:
            friend.settings["host"] = ADDRESS_NAMES[plan.resolver]
        if plan.has_dead_host:
            hosts = (friend.settings["host"], "127.0.0.1") if plan.resolver else (DEAD_HOST, friend.settings["host"])
            friend.settings["host"] = " ".join(hosts)
        if plan.far == "proxy-command":
            friend.settings["proxy-command"] = f"{self._workshop.relay} 127.0.0.1 %p"

    def trust(self, how):
        """What known_hosts says from now on."""
        self.friend.write_pins({None: [f"* {self.key}"], "changed": [f"* {self._workshop.strange_key}"],
                                "revoked": [f"* {self.key}", f"@revoked * {self.key}"],
                                "unpinned": [f"another.example {self.key}"]}[how])

    def fill_disk(self):
        """Leaves so much of it as the plan says."""
        room = os.statvfs(self._workshop.disk)
        left = room.f_bavail * room.f_frsize - self.plan.disk
        if left > 0:
            with open(os.path.join(self._workshop.disk, "filling"), "wb") as file:
                file.write(bytes(left))

    def on_disk(self, name):
        return os.path.join(self._workshop.disk, name)

    # --- who works there ---

    def session_processes(self):
        """sshd's, below the one that listens; without the mail servers."""
        sinks = set(self.sinks())
        return [pid for pid in descendants(self.friend.sshd.timer_pid())[1:] if pid not in sinks]

    def sinks(self):
        script = self.friend.path("script").encode()
        return [pid for pid in descendants(os.getpid()) if script in command_line(pid)]

    def own_processes(self):
        """Our children who serve the far side."""
        rig = self._workshop.rig
        ours = {rig.fault_server.encode(), rig.sink.encode()}
        return [pid for pid in children(os.getpid()) if ours & set(command_line(pid)[:1])]

    def end(self):
        """Whoever carried the mail there has ended: so does what served him. The mailbox after that."""
        self._stack.close()
        limit = time.monotonic() + SINK_LIMIT
        while time.monotonic() < limit and self.session_processes():
            time.sleep(0.01)
        self._bench.stop()
        for pid in self.session_processes() + self.sinks():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        while self.session_processes():
            time.sleep(0.01)
        with contextlib.suppress(FileNotFoundError), open(self.friend.path("mbox"), "rb") as file:
            return file.read()
        return b""


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []
