"""Who is measured with a line that is up already: sshsmd and those who do its job today.

A way leads to the mail server for a client who has a message: a socket, or a program to run. What
holds the line is started once for all ways of a lane.
"""

import os
import shutil
import subprocess
import tempfile
import time

from keeper_rig import tree_of
from lane import RUN_LIMIT, Lane
from letters import MARK
from rivals import Rival, recipe, sshsm
from servers import free_port, new_key

# How long a line may take to come up.
START_LIMIT = 20
TICKS = 1e9


class Way:
    """`target(lane)` is what tests/bench/sessions takes; `holder` names what keeps the line up."""

    def __init__(self, title, target, holder, in_a_row):
        self.title = title
        self.target = target
        self.holder = holder
        # Messages of one round, so that no way takes the time of all others.
        self.in_a_row = in_a_row


def ssh_through_mux(lane):
    return ["/usr/bin/ssh", "-F", lane.friend.path("mux/ssh_config"), "-l",
            lane.friend.settings["user"], lane.friend.settings["host"], "exit"]


def recipe_through_mux(lane):
    return recipe("mux", lane.ssh_options())(lane)


def interactive(lane):
    friend = lane.friend
    return [lane.rig.sshsm, "--config-dir", friend.directory, "-bs", "--", friend.name]


# The rivals that launch runs, a process for each message. The recipe comes first, since it makes the
# files that ssh alone needs as well.
RECIPE_MUX = Rival("recipe_mux", "recipe, mux", recipe_through_mux, talks=True)
MUX = Rival("mux", "ssh, mux", ssh_through_mux, talks=True)
BATCH = Rival("kept_batch", "sshsm -bS", sshsm, talks=False)
INTERACTIVE = Rival("kept_interactive", "sshsm -bs", interactive, talks=True)
PROGRAMS = [RECIPE_MUX, MUX, BATCH, INTERACTIVE]

SOCKET = Way("socket", lambda lane: ["unix", lane.keeper_path], "keeper", 200)
TCP = Way("TCP", lambda lane: ["tcp", str(lane.keeper_port)], "keeper", 200)
AUTOSSH = Way("autossh -L", lambda lane: ["tcp", str(lane.tunnel_port)], "tunnel", 30)
PLAIN = Way("sink", lambda lane: ["tcp", str(lane.sink_port)], None, 200)
# The same columns for those who are run: ssh, as a mail server would run it, and sshsm -bs.
MUX_WAY = Way("ssh, mux", lambda lane: ["run", *lane.command(MUX)], "master", 60)
INTERACTIVE_WAY = Way("sshsm -bs", lambda lane: ["run", *lane.command(INTERACTIVE)], "keeper", 60)
WAYS = [SOCKET, TCP, INTERACTIVE_WAY, MUX_WAY, AUTOSSH, PLAIN]
HOLDERS = [SOCKET, MUX_WAY, AUTOSSH]

# What stands in one column.
COLUMNS = [SOCKET, TCP, BATCH, INTERACTIVE, MUX, RECIPE_MUX, AUTOSSH, PLAIN]
COLUMN_OF = {MUX_WAY: MUX, INTERACTIVE_WAY: INTERACTIVE}
LEGEND = [
    "socket, TCP:  sshsmd's Unix socket and its TCP listener; the line is up and a session parked",
    "sshsm -bS, -bs: sshsm, which finds sshsmd and goes through it",
    "ssh, mux:     ssh through a ControlMaster that is logged in",
    "recipe, mux:  the recipe of 2000 (sh, rsuid, ssh) through the same",
    "autossh -L:   Debian's autossh, a port that leads to the mail server's",
    "sink:         the mail server at a port of the loopback, no SSH at all: the floor",
]


def seconds_of(pids):
    """Of the processor."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / TICKS


def wakeups_of(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            total += sum(int(line.split()[1]) for line in file if "ctxt_switches" in line)
    return total


def octets_of(pids):
    """Their memory, with their share of what they share with others (PSS)."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    return total * 1024


def wait_until(condition, what):
    end = time.monotonic() + START_LIMIT
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"not within {START_LIMIT} s: {what}")
        time.sleep(0.02)


class Series:
    """How one run of tests/bench/sessions went; times in seconds."""

    def __init__(self, words, mark):
        self.mark = mark  # of the first message
        words = words.split() or ["", "0", "0", "0", "0"]
        self.accepted = [digit == "1" for digit in words[0]]
        self.began, self.ended = int(words[1]) / 1e9, int(words[2]) / 1e9
        self.cpu = (int(words[3]) + int(words[4])) / 1e6
        self.holder_cpu = 0.0

    @property
    def rate(self):
        return len(self.accepted) / (self.ended - self.began)


class WarmLane(Lane):
    """A lane with every line up: a keeper, a ControlMaster, an autossh; and the mail server at a port
    of the near loopback."""

    def __init__(self, bench, address="127.0.0.1", prefix=(), script=""):
        self._control = os.path.join(bench.rig.directory, f"mux{free_port()}")
        options = ["MaxStartups 100"] + (["ListenAddress " + address] if prefix else [])
        super().__init__(bench, PROGRAMS, options, address, prefix, script)
        # From behind a long line nobody sees this loopback.
        self.ways = [way for way in WAYS if not prefix or way is not PLAIN]
        self._sessions = os.path.join(self.rig.build, "tests", "bench", "sessions")
        self.sink_port = free_port()
        self.near([*self.sink_command(), "--listen", str(self.sink_port)])
        self.holders = {"keeper": self._start_keeper(), "master": self._start_master(),
                        "tunnel": self._start_tunnel()}

    def near(self, words):
        """A process beside the mail server."""
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   start_new_session=True)
        self.bench.at_end(lambda: self.end(process))

    def ssh_options(self):
        return [f"ControlPath {self._control}", "ServerAliveInterval 15"]

    def _start_keeper(self):
        directory = tempfile.mkdtemp(prefix="k", dir=self.rig.directory)
        self.bench.at_end(lambda: shutil.rmtree(directory, ignore_errors=True))
        os.chown(directory, self.rig.mail_user.pw_uid, self.rig.mail_user.pw_gid)
        self.keeper_path, self.keeper_port = os.path.join(directory, "s"), free_port()
        self.friend.settings.update({
            "listen": f"smtp:{self.keeper_path}\nlisten = smtp:127.0.0.1:{self.keeper_port}",
            "linger": "3600"})
        self.friend.write_configuration()
        # Else it would make no socket there for sshsm to find.
        os.chown(self.friend.directory, self.rig.mail_user.pw_uid, -1)
        program = os.path.join(self.rig.build, "src", "sshsmd")
        keeper = self.spawn([program, "--config-dir", self.friend.directory, self.friend.name])
        wait_until(lambda: os.path.exists(self.friend.path(self.friend.name + ".sock")) and
                   os.path.exists(self.keeper_path), "sshsmd listens")
        return keeper

    def _start_master(self):
        command = ssh_through_mux(self)[:-1]
        master = self.spawn([*command, "-N", "-o", "ControlMaster=yes"])
        wait_until(lambda: os.path.exists(self._control), "ssh is a master")
        return master

    def _start_tunnel(self):
        """Its key may forward, and nothing else."""
        key, self.tunnel_port = self.friend.path("id_tunnel"), free_port()
        self.friend.sshd.authorize(new_key(key), "/bin/false", "restrict,port-forwarding")
        command = ssh_through_mux(self)[1:-1]
        return self.spawn(
            [shutil.which("autossh") or "/usr/bin/autossh", "-M", "0", "-N", "-L",
             f"{self.tunnel_port}:127.0.0.1:{self.sink_port}", "-i", key, "-o",
             "IdentitiesOnly=yes", "-o", "ControlPath=none", "-o", "ExitOnForwardFailure=yes",
             *command])

    def warm_up(self):
        """A first message over every way: whoever dials at the first one has dialled."""
        letter = self.letter(2048, "first")
        for way in self.ways:
            wait_until(lambda way=way: self.series(way, letter, 1).accepted == [True], way.title)

    def pids(self, way):
        return tree_of(self.holders[way.holder].pid) if way.holder else []

    def start_series(self, way, letter, count, *options, gate=None):
        first = self.number(count)
        gated = ["--gate", str(gate)] if gate is not None else []
        process = self.spawn([self._sessions, *gated, *options, letter.path, str(first), str(count),
                              *way.target(self)], gate)
        for number in range(first, first + count):
            self.account.sent(MARK.format(number), letter.octets)
        return process, first, count

    def finish_series(self, started):
        process, first, count = started
        series = Series(process.communicate(timeout=RUN_LIMIT)[0], MARK.format(first))
        for place in range(count):
            mark = MARK.format(first + place)
            if series.accepted[place:place + 1] == [True]:
                self.account.reported(mark)
            else:
                self.account.failed(mark)
        return series

    def series(self, way, letter, count, *options):
        before = seconds_of(self.pids(way))
        series = self.finish_series(self.start_series(way, letter, count, *options))
        series.holder_cpu = seconds_of(self.pids(way)) - before
        return series
