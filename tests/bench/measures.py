"""What is measured. Each measure takes a lane and its rivals, goes round the rivals in turn, so that
whatever else the machine does meets them all, and gives what it found by rival."""

import collections
import os
import time

SMALL = 2048
# Waves of clients until all messages are through; more would be a fault and no queue run.
MAX_WAVES = 40


class Failed(Exception):
    """A message that had to go through did not, so that there is nothing to measure."""


def one(lane, rival, letter):
    lane.renew(letter)
    run = lane.run(rival, letter)
    if not run.is_accepted:
        raise Failed(f"{rival.title}: status {run.status}, not accepted\n{lane.errors()}")
    return run


def in_turn(rivals, rounds, progress, measure):
    """{rival: [what measure(rival) gave]}"""
    found = {rival: [] for rival in rivals}
    for number in range(rounds):
        progress.step(number, rounds)
        for rival in rivals:
            found[rival].append(measure(rival))
    return found


def cold(lane, rivals, rounds, progress):
    """Runs with a small message each, behind one round that only warms the machine's caches."""
    letter = lane.letter(SMALL)
    for rival in rivals:
        one(lane, rival, letter)
    return in_turn(rivals, rounds, progress, lambda rival: one(lane, rival, letter))


def accepted_at(lane, run):
    """When the mail server took the message and said 250, in seconds since 1970."""
    return lane.account.arrivals()[run.mark][0][0] / 1e9


def large(lane, rivals, octets, rounds, progress):
    """Runs with one large message each."""
    letter = lane.letter(octets, "large")
    try:
        return in_turn(rivals, rounds, progress, lambda rival: one(lane, rival, letter))
    finally:
        os.unlink(letter.path)


class Crowd:
    """How many clients at once got on: seconds until the last message was through, how many clients
    that took, and the statuses of those that failed."""

    def __init__(self):
        self.seconds = 0.0
        self.attempts = 0
        self.failures = collections.Counter()

    def add(self, runs):
        self.attempts += len(runs)
        self.failures.update(run.status for run in runs if not run.is_accepted)


def start_together(lane, rival, letters):
    gate, opener = os.pipe()
    clients = [lane.start(rival, letter, gate) for letter in letters]
    os.close(gate)
    # Each of them is at the gate by then.
    time.sleep(0.3)
    os.close(opener)
    return clients


def crowd(lane, rival, letters):
    """Starts a client per letter at once; those that failed are tried again, as from a queue."""
    result = Crowd()
    for letter in letters:
        lane.renew(letter)
    clients = start_together(lane, rival, letters)
    began = float("inf")
    for _ in range(MAX_WAVES):
        runs = [client.finish() for client in clients]
        result.add(runs)
        began = min([began] + [run.began for run in runs])
        result.seconds = max(run.ended for run in runs) - began
        letters = [letter for letter, run in zip(letters, runs) if not run.is_accepted]
        if not letters:
            return result
        clients = [lane.start(rival, letter) for letter in letters]
    raise Failed(f"{rival.title}: {len(letters)} messages not through after {MAX_WAVES} waves\n"
                 + lane.errors())


def at_once(lane, rivals, count, rounds, progress):
    """{rival: [Crowd]}"""
    letters = [lane.letter(SMALL, f"letter{number}") for number in range(count)]
    return in_turn(rivals, rounds, progress, lambda rival: crowd(lane, rival, letters))


def trip(lane, line, rival, letter):
    """(seconds from the SYN to the 250, flights of the client until then) of one message."""
    run = one(lane, rival, letter)
    return line.trip(run.began, accepted_at(lane, run))


def round_trips(lane, line, rivals, lengths, rounds, progress):
    """{length of a round trip: {rival: [what trip() gives]}}"""
    letter = lane.letter(SMALL)
    found = {}
    for length in lengths:
        line.set_round_trip(length)
        found[length] = in_turn(rivals, rounds, progress,
                                lambda rival: trip(lane, line, rival, letter))
    return found
