"""One scenario from its beginning to what is left of it.

Stage starts the programs with the limits that the plan has for them, lets the harm strike, and takes
everything down again. What it saw on the way is for the law.
"""

import contextlib
import os
import signal
import subprocess
import time

from attempts import Attempt, run_together
from far_side import FarSide
from harm import Harm
from keeper_rig import KeptFriend
from plan import DIRECT
from processes import left_behind, name_of

# What the keeper gets to hang up behind its last client, and to end: it has nothing in hand then.
IDLE_LIMIT = 8
END_LIMIT = 15
# What is left of a process may end a moment behind it: a proxy-command half a second.
LEFT_LIMIT = 4


class Stage:
    def __init__(self, workshop, plan):
        self.plan = plan
        self._workshop = workshop
        self._bench = workshop.rig.bench(f"s{plan.number}")
        self.far_side = FarSide(workshop, plan, self._bench)
        self.harm = Harm(plan, self.far_side)
        self.attempts = []
        self.kept = None
        self.keeper_status = None
        self.keeper_words = ""
        # What the keeper did not do though nothing had been done to it.
        self.complaints = []

    def run(self):
        try:
            if self.plan.disk is not None:
                self.far_side.fill_disk()
                self.far_side.friend.settings["metrics-file"] = self.far_side.on_disk("metrics")
                self.far_side.friend.write_configuration()
            if self.plan.path != DIRECT:
                self._start_keeper()
            self.attempts = [Attempt(self.plan, number, self) for number in range(self.plan.clients)]
            self.harm.begin()
            run_together(self.attempts)
            self.harm.end()
            if self.kept:
                self._end_keeper()
            self._look_for_processes()
            self.mbox = self.far_side.end()
            self._look_for_files()
        finally:
            self.harm.end()
            self.far_side.end()
            self._bench.close()
        return self

    # --- sshsm ---

    def prefix(self):
        """What limits a program from its start on."""
        if not self.plan.prefix:
            return []
        what, value = self.plan.prefix
        if what == "as":
            value += self._workshop.means.least_memory
        return ["prlimit", f"--{what}={value}:{value}"]

    def environment(self):
        if not self.plan.clock:
            return {}
        seconds, moment = self.plan.clock
        return {"LD_PRELOAD": self._workshop.means.clock, "JUMP_SECONDS": str(seconds),
                "JUMP_AFTER_MILLISECONDS": str(moment)}

    def start(self, *arguments, **ends):
        running = self._bench.start(*arguments, prefix=self.prefix(), environment=self.environment(), **ends)
        self.harm.mailers.append(running.process)
        return running

    def path(self, name):
        return os.path.join(self._bench.directory, name)

    def rest_path(self, number):
        """Where the mail user may make a file."""
        if self.plan.disk is not None:
            return self.far_side.on_disk(f"rest{number}")
        directory = self.path(f"rest{number}")
        os.mkdir(directory)
        os.chmod(directory, 0o777)
        return os.path.join(directory, "rest")

    def listener(self):
        return self.kept.path

    # --- sshsmd ---

    def _start_keeper(self):
        self.kept = KeptFriend(self._bench, listen="lmtp" if self.plan.speaks_lmtp else "smtp",
                               friend=self.far_side.friend, is_started=False)
        try:
            self.kept.start(*self.prefix(), environment=self.environment())
        except AssertionError as error:
            if not self.plan.prefix:
                self.complaints.append(f"the keeper did not start: {error}")
        self.harm.keeper = self.kept.process
        if self.plan.prefix:
            return
        # It has its attendant, and everything else that it begins with, when it says this.
        self._bench.wait_until(lambda: "sandbox:" in self.kept.said() or self.kept.process.poll() is not None,
                               "the keeper is ready")
        if self.kept.process.poll() is None:
            self._descriptors = self.kept.descriptors()

    def _end_keeper(self):
        process = self.kept.process
        if process.poll() is None and not self._is_keeper_harmed():
            self._expect_idle_keeper()
        if process.poll() is None:
            process.terminate()
        try:
            self.keeper_status = process.wait(END_LIMIT)
        except subprocess.TimeoutExpired:
            self.complaints.append(f"the keeper did not end within {END_LIMIT} s of SIGTERM")
        self.keeper_words = self.kept.said()

    def _is_keeper_harmed(self):
        return bool(self.plan.prefix) or any(target in ("keeper", "attendant", "dialler")
                                             for target, _ in self.harm.done)

    def _expect_idle_keeper(self):
        """It gives back every descriptor that it had for its clients and lines. The diallers, which stay
        when it has dialled once, have one each."""
        end = time.monotonic() + IDLE_LIMIT
        now = []
        while time.monotonic() < end and self.kept.process.poll() is None:
            now = self.kept.descriptors()
            is_back = all(count <= first + 1 for count, first in zip(now, self._descriptors))
            # A line that is kept up, and the channel on it, have descriptors of their own.
            if is_back or self.plan.settings["persistent"] == "yes":
                return
            time.sleep(0.03)
        if self.kept.process.poll() is None:
            self.complaints.append(f"descriptors of keeper and attendant: {self._descriptors}, then {now}")
        else:
            self.complaints.append(f"the keeper ended by itself: {self.kept.process.returncode}")

    # --- what is left ---

    def _look_for_processes(self):
        rig = self._workshop.rig
        known = {rig.sshd.timer_pid()} | set(self.far_side.own_processes())
        for pid in left_behind(known, LEFT_LIMIT):
            # Where one sshd of a pair is killed, the other one takes its time.
            if not name_of(pid).startswith("sshd"):
                self.complaints.append(f"a process is left: {pid} {name_of(pid)}")
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        left_behind(known, LEFT_LIMIT)

    def _look_for_files(self):
        """Sockets, halves of files, whatever we do not know."""
        friend = self.far_side.friend
        kept_for_good = friend.first_files | {"friend.lock", "mbox", "transcript"}
        # One without room for a word may have been stopped before it had an attendant, too.
        is_mute = self.plan.prefix[:1] == ["fsize"]
        is_stopped = is_mute or "stopped by a signal" in self.keeper_words
        if self.keeper_status == -9 or self.harm.has_hit("attendant") or is_stopped:
            # Who takes them away was hindered, or not there yet.
            kept_for_good |= {"friend.sock", "friend.status"}
        for name in sorted(set(os.listdir(friend.directory)) - kept_for_good):
            self.complaints.append(f"a file is left: {name}")
        if self.plan.disk is not None:
            names = {name.rstrip("0123456789") for name in os.listdir(os.path.dirname(self.far_side.on_disk("x")))}
            for name in sorted(names - {"filling", "rest", "metrics"}):
                self.complaints.append(f"a file is left on the small disk: {name}")
