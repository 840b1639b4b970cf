"""One attempt to deliver the letters of one caller, and what he was told.

Attempt.run gives itself: `fates` by letter and recipient, `status` of sshsm (none for a client of a
listener), and what there is to show of it.
"""

import os
import re
import signal
import socket
import subprocess
import threading
import time

from dialogue import ACCEPTED, DOUBT, DOUBTFUL, FAILED, Caller, Dialogue
from letters import Letter, names_in
from plan import LISTENER, LMTP, MODES, REST

# No deadline of a scenario's settings lets anything take longer than half of this on a busy machine.
LIMIT = 25
UNKNOWN = "unknown"
LOGGED = re.compile(r"to=(<[^>]*>), .*?status=(\w+) \((.*)$", re.M)


class Attempt:
    def __init__(self, plan, number, stage):
        self.plan = plan
        self.number = number
        self._stage = stage
        self.letters = [Letter(f"s{plan.number}c{number}m{index}", recipients, lines)
                        for index, (recipients, lines) in enumerate(plan.letters[number])]
        self.fates = {(letter.name, path): UNKNOWN for letter in self.letters for path in letter.recipients}
        self.logged = {}
        self.status = None
        self.seconds = 0.0
        self.has_overrun = self.has_left = False
        self.begun = set()
        self.rest = None
        self.stderr = ""
        self.record = []

    def run(self):
        began = time.monotonic()
        try:
            if self.plan.path == LISTENER:
                self._visit()
            elif self.plan.is_batch:
                self._write_batch()
            else:
                self._converse()
        finally:
            self.seconds = time.monotonic() - began
        return self

    def show(self):
        lines = [f"caller {self.number}: status {self.status} after {self.seconds:.2f} s"]
        lines += [f"  {name} {path}: {fate}" for (name, path), fate in self.fates.items()]
        lines += ["  stderr: " + line for line in self.stderr.splitlines()[-12:]]
        return lines + ["  " + line for line in self.record[-40:]]

    # --- the ways to bring mail ---

    def _visit(self):
        """A client of one of the keeper's own sockets."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            try:
                client.connect(self._stage.listener())
            except OSError as error:
                self.record.append(f"nobody listens: {error}")
                self.fates = dict.fromkeys(self.fates, FAILED)
                return
            self._talk(Dialogue(client.fileno(), client.fileno(), time.monotonic() + LIMIT))

    def _converse(self):
        ours, theirs = socket.socketpair() if self.plan.has_socket else (None, None)
        ends = {"stdin": theirs, "stdout": theirs} if theirs else {}
        running = self._stage.start(*self._arguments(), **ends)
        process = running.process
        try:
            if theirs:
                theirs.close()
            to, heard = (ours, ours) if ours else (process.stdin, process.stdout)
            self._talk(Dialogue(to.fileno(), heard.fileno(), time.monotonic() + LIMIT))
            to.close()
            self._await(process)
        finally:
            running.kill_group()
            for one in (ours, process.stdin, process.stdout, process.stderr):
                if one:
                    one.close()
            process.wait()

    def _await(self, process):
        try:
            self.status = process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.has_overrun = True
            return
        self.stderr = process.stderr.read().decode("utf-8", "replace")

    def _talk(self, dialogue):
        caller = Caller(dialogue, self.letters, speaks_lmtp=self.plan.mode == LMTP,
                        pipelines=self.plan.pipelines, leaves=self.plan.leaves)
        caller.run()
        self.fates, self.begun, self.has_left = caller.fates, caller.begun, caller.has_left
        self.record = dialogue.record
        self.has_overrun = dialogue.is_late()

    def _write_batch(self):
        octets = b"".join(letter.batch(self.plan.eol) for letter in self.letters)
        if self.plan.leaves and self.plan.leaves[1] < 1:
            octets = octets[:int(len(octets) * self.plan.leaves[1])]
            self.has_left = True
        if self.plan.input == "file":
            path = self._stage.path(f"batch{self.number}")
            with open(path, "wb") as file:
                file.write(octets)
            with open(path, "rb") as file:
                running = self._stage.start(*self._arguments(), stdin=file)
            self._finish(running, None)
        else:
            running = self._stage.start(*self._arguments())
            if self.plan.input == "slow":
                octets = self._feed_slowly(running, octets)
            self._finish(running, octets)
        self._read_outcome()

    @staticmethod
    def _feed_slowly(running, octets):
        """Three pieces with pauses; gives the rest."""
        for _ in range(3):
            piece, octets = octets[:500], octets[500:]
            try:
                running.feed_some(piece)
            except BrokenPipeError:
                return b""
            time.sleep(0.05)
        return octets

    def _finish(self, running, octets):
        process = running.process
        try:
            out, err = process.communicate(octets, timeout=LIMIT)
            self.status, self.stderr = process.returncode, err.decode("utf-8", "replace")
            self.record = ["standard output: " + repr(out)] if out else []
        except subprocess.TimeoutExpired:
            self.has_overrun = True
        finally:
            running.kill_group()
            process.communicate()

    def _arguments(self):
        options = list(MODES[self.plan.mode])
        if self.plan.mode == REST:
            self._rest_path = self._stage.rest_path(self.number)
            options.append(self._rest_path)
        if self.plan.is_verbose:
            options.append("-v")
        return ["--config-dir", self._stage.far_side.friend.directory, *options, "--", "friend"]

    # --- what a batch was told ---

    def _read_outcome(self):
        # A caller who names no mode is asked for one by one letter alone; else the log must say it.
        self.logged = {path: ACCEPTED if word == "sent" else DOUBTFUL if DOUBT in reason else FAILED
                       for path, word, reason in LOGGED.findall(self.stderr)}
        said = DOUBTFUL if DOUBT in self.stderr else FAILED
        if self.status == 0:
            self.fates = dict.fromkeys(self.fates, ACCEPTED)
        elif self.status in (69, 75) and len(self.letters) == 1:
            self.fates = dict.fromkeys(self.fates, said)
        if self.plan.mode == REST and os.path.exists(self._rest_path):
            with open(self._rest_path, "rb") as file:
                self.rest = names_in(file.read())

    @property
    def is_killed(self):
        return self.status == -signal.SIGKILL


def run_together(attempts):
    """All at once, each in a thread of its own."""
    if len(attempts) == 1:
        return [attempts[0].run()]
    threads = [threading.Thread(target=attempt.run) for attempt in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return attempts
