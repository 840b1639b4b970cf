"""sshsmd: what thousands of messages, of lines and of clients leave behind: nothing.

The clients are tests/bench/sessions: one session after another, each with one message of its own.
"""

import collections
import os
import signal
import subprocess
import time

from friend import ONE
from keeper_rig import KeptFriend, parent_of, private_memory, processes_with, tree_of
from registry import Skip, case, expect

MARK = "Subject: letter {:08d}"
LETTER = ONE[:ONE.index(b"From: ")] + MARK.format(0).encode() + b"\r\n\r\nHello Bob.\r\n.\r\n"
# The end of the heap is given back to the system or not as it happens to lie: the least of many looks
# is what is in use, give or take so much.
MAX_GROWTH_KB = 100


class Endurance:
    """A kept friend, whose mail server notes the first line of each message and no more."""

    def __init__(self, bench, **settings):
        if bench.rig.wrapper or not bench.rig.is_built_with_sandbox():
            raise Skip("a sanitizer or a debugger takes memory of its own")
        store = bench.friend()
        self.tally = store.path("tally")
        friend = bench.friend(command=f"{bench.rig.sink} --tally {self.tally}")
        # Else there would be no socket that tells the status.
        os.chown(friend.directory, bench.rig.mail_user.pw_uid, -1)
        self.kept = KeptFriend(bench, friend=friend, **settings)
        self.letter = friend.path("letter")
        with open(self.letter, "wb") as file:
            file.write(LETTER)
        self.bench = bench
        self._next = 0
        # Sessions does not wait for a socket that does not listen yet.
        self.kept.greeted().quit()

    def start(self, count, gate=None):
        program = os.path.join(self.bench.rig.build, "tests", "bench", "sessions")
        gated = ["--gate", str(gate)] if gate is not None else []
        process = subprocess.Popen(
            [program, *gated, self.letter, str(self._next), str(count), "unix", self.kept.path],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            pass_fds=[] if gate is None else [gate])
        self.bench.at_end(process.kill)
        self._next += count
        return process, count

    @staticmethod
    def finish(started, limit=300):
        process, count = started
        said = process.communicate(timeout=limit)[0]
        expect(said.split(" ")[0], "1" * count, "a 1 for each message that was accepted")

    def send(self, count):
        self.finish(self.start(count))

    def each_arrived_once(self):
        with open(self.tally, encoding="ascii") as file:
            arrived = collections.Counter(line.rstrip("\n").split(" ", 2)[2] for line in file)
        expect(dict(arrived) == {MARK.format(number): 1 for number in range(self._next)}, True,
               f"each of {self._next} messages arrived once: {sum(arrived.values())} did, "
               f"{len(arrived)} of them different")

    # --- what is used ---

    def used(self):
        """Private memory of the keeper and of his attendant in kB, and their descriptors."""
        pids = (self.kept.process.pid, *self.kept.attendants())
        return [*map(private_memory, pids), *self.kept.descriptors()]

    def nothing_grows(self, send, times):
        """The least of the last third of many looks is no more than the least of the first."""
        looks = []
        for _ in range(times):
            send()
            looks.append(self.used())
        third = times // 3
        first, last = [[min(seen) for seen in zip(*part)] for part in (looks[:third],
                                                                       looks[-third:])]
        grown = [now - then for now, then in zip(last[:2], first[:2])]
        expect(max(grown) <= MAX_GROWTH_KB, True, f"growth {grown} kB over {first[:2]}")
        expect(last[2:], first[2:], "descriptors of keeper and attendant")


@case(long=True, alone=True, root=True)
def ten_thousand_messages_leave_nothing_behind(bench):
    run = Endurance(bench)
    run.send(1000)
    run.nothing_grows(lambda: run.send(100), 90)
    run.each_arrived_once()
    expect(run.kept.status()["dials"], 1, "dials")


@case(long=True, alone=True, root=True)
def a_thousand_lines_that_were_hung_up_leave_nothing_behind(bench):
    run = Endurance(bench, linger="0", linger_jitter="0")

    def is_hung_up():
        return not run.kept.status()["is_up"] and len(tree_of(run.kept.process.pid)) == 2

    def send_and_be_hung_up():
        run.send(10)
        bench.wait_until(is_hung_up, "nobody is left but keeper and attendant")
    run.send(100)
    run.nothing_grows(send_and_be_hung_up, 100)
    run.each_arrived_once()
    # Who comes as the one before him goes finds the line up.
    dials = run.kept.status()["dials"]
    expect(dials > 1000, True, f"more than 1000 dials, not {dials}")


@case(long=True, alone=True, root=True)
def two_hundred_lines_that_were_lost_leave_nothing_behind(bench):
    run = Endurance(bench)

    def lose():
        run.send(1)
        for pid in {parent_of(sink) for sink in processes_with(run.tally)}:
            os.kill(pid, signal.SIGKILL)
        bench.wait_until(lambda: not run.kept.status()["is_up"], "the line is down")
    for _ in range(20):
        lose()
    run.nothing_grows(lose, 200)
    run.each_arrived_once()


@case(long=True, alone=True)
def two_hundred_clients_at_once_are_all_served_and_none_twice(bench):
    run = Endurance(bench)
    gate, opener = os.pipe()
    clients = [run.start(5, gate) for _ in range(200)]
    os.close(gate)
    time.sleep(0.5)
    os.close(opener)
    for client in clients:
        run.finish(client)
    run.each_arrived_once()
