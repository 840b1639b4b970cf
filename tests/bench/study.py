"""One run of the bench: how much is measured, where we are, and what was found."""

import collections
import contextlib
import os
import time

from figures import Figures
from lane import Lane

MIB = 1 << 20
MEGABYTE = 1e6
SMALL = 2048


class Size:
    """Rounds of each measure; `share` of the messages of a row; the curves' largest points, and the
    seconds after which one is cut off. On a line with a round trip of `long_trip` flights are counted:
    what the machine does between two of them is nothing beside it."""

    def __init__(self, **sizes):
        self.__dict__.update(sizes)


FULL = Size(cold=60, rows=5, share=1.0, crowds=4, large=5, large_octets=100 * MIB, trips=4, held=1,
            phases=12, receivers=10, queue=5, idle=10.0, clients=200, messages=10000,
            octets=1024 * MIB, trip=0.3, curve=2, limit=20, long_trip=0.1)
QUICK = Size(cold=3, rows=1, share=0.1, crowds=1, large=1, large_octets=10 * MIB, trips=1, held=1,
             phases=1, receivers=1, queue=1, idle=1.0, clients=5, messages=100,
             octets=10 * MIB, trip=0.03, curve=1, limit=1, long_trip=0.04)


class Failed(Exception):
    """A message that had to go through did not, so that there is nothing to measure."""


class Study:
    def __init__(self, bench, size, progress):
        self.bench, self.size, self.progress = bench, size, progress
        self.figures = Figures()
        self.notes = []
        # {rival: Counter} of what became of all messages.
        self.sums = collections.defaultdict(collections.Counter)
        self.is_root = os.geteuid() == 0

    @contextlib.contextmanager
    def lane(self, rivals, make_host):
        """A lane to make_host(bench). It is gone behind this with all that was started for it, so that
        nobody stands about while others are measured."""
        bench = self.bench.rig.bench("lane")
        try:
            lane = Lane(bench, rivals, make_host(bench))
            yield lane
            for rival, counts in lane.account.sums().items():
                self.sums[rival].update(counts)
        finally:
            bench.close()

    def in_turn(self, rivals, rounds, measure):
        """Calls measure(rival) that many times for each of them, going round, so that whatever else
        the machine does meets them all; a slow one is left out of some rounds."""
        for number in range(rounds):
            self.progress.step(number, rounds)
            for rival in rivals:
                if number % rival.every == 0:
                    measure(rival)

    def skip(self, what, why):
        """To be said in the report."""
        self.notes.append(f"SKIP {what}: {why}")


def one(lane, rival, letter):
    """A message that goes through."""
    run = lane.run(rival, letter)
    if not run.is_accepted:
        raise Failed(f"{rival.title}: status {run.status}, not accepted\n{lane.errors()}")
    return run


def whole_series(lane, rival, letter, count):
    series = lane.series(rival, letter, count)
    if series.accepted != [True] * count:
        raise Failed(f"{rival.title}: {series.accepted.count(True)} of {count} messages accepted\n"
                     + lane.errors())
    return series


def start_together(start, arguments):
    """Clients that all begin at once: start(argument, gate) puts one at the gate."""
    gate, opener = os.pipe()
    clients = [start(argument, gate) for argument in arguments]
    os.close(gate)
    # Each of them is at the gate by then.
    time.sleep(0.1 + 0.003 * len(clients))
    os.close(opener)
    return clients


def warm_up(lane):
    """A first message over every way, which also warms the machine's caches: whoever dials at the
    first one has dialled."""
    letter = lane.letter(SMALL, "first")
    for rival in lane.rivals:
        end = time.monotonic() + 20
        while not lane.run(rival, letter).is_accepted:
            if time.monotonic() > end:
                raise Failed(f"{rival.title}: no message goes through\n{lane.errors()}")
            time.sleep(0.05)
