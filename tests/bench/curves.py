"""How it goes on: more clients, more messages, larger ones, longer lines. sshsm in full, the others at
three points, each of which gets a limited time."""

import functools
import os

from far import SinkHost
from letters import Queue
from measures import crowd
from rivals import AUTOSSH, KEPT, MUX, RECIPE, SOCKET, SSHSM
from study import MEGABYTE, SMALL, one, warm_up

CLIENTS = (1, 2, 5, 10, 20, 50, 100, 200)
MESSAGES = (1, 10, 100, 1000, 10000)
OCTETS = tuple(1024 * 10 ** power for power in range(6)) + (1 << 30,)
TRIPS = (0.0, 0.01, 0.03, 0.1, 0.2, 0.3)
RIVALS = (RECIPE, MUX, AUTOSSH)
CURVES = {"clients": "clients at once: messages/s", "messages": "messages of a queue run: messages/s",
          "octets": "octets of a message: MB/s", "trip": "round trip in ms: ms for a message"}


class Curves:
    """Points by curve and title: {x: (value, whether it was cut at the limit)}"""

    def __init__(self):
        self.points = {curve: {} for curve in CURVES}

    def add(self, curve, title, x, value, is_cut=False):
        self.points[curve].setdefault(title, {})[x] = (value, is_cut)

    def as_data(self):
        return {curve: {title: [{"x": x, "value": value, "cut": is_cut}
                                for x, (value, is_cut) in points.items()]
                        for title, points in titles.items()}
                for curve, titles in self.points.items()}


def up_to(points, largest):
    return [point for point in points if point <= largest]


def three_of(points):
    """The first, the last and one in the middle."""
    return sorted({points[0], points[len(points) // 2], points[-1]})


def clients(study, lane, curves):
    points = up_to(CLIENTS, study.size.clients)
    letter = lane.letter(SMALL)
    def measure(rival, count, each):
        rate, missing, is_cut = crowd(lane, rival, letter, count, each, study.size.limit)
        curves.add("clients", rival.title, count, rate, is_cut)
        if missing:
            study.notes.append(f"{rival.title}, {count} clients: {missing} messages were not accepted")
    for count in points:
        study.progress.begin(f"curve: {count} clients")
        measure(SSHSM, count, 2)
        measure(KEPT, count, 2)
        measure(SOCKET, count, 5)
        if count in three_of(points):
            for rival in RIVALS:
                measure(rival, count, 1)


def one_batch(lane, count):
    """A queue run of sshsm -bS: all messages in one batch."""
    return count / one(lane, SSHSM, Queue(lane.friend.path("queue"), SMALL, count)).wall


def messages(study, lane, curves):
    points = up_to(MESSAGES, study.size.messages)
    letter = lane.letter(SMALL)
    def measure(rival, count):
        series = lane.series(rival, letter, count, study.size.limit)
        curves.add("messages", rival.title, count, series.rate, len(series.accepted) < count)
    for count in points:
        study.progress.begin(f"curve: {count} messages")
        curves.add("messages", SSHSM.title + ", one batch", count, one_batch(lane, count))
        measure(SSHSM, count)
        measure(SOCKET, count)
        if count in three_of(points):
            for rival in RIVALS:
                measure(rival, count)


def octets(study, lane, curves):
    points = up_to(OCTETS, study.size.octets)
    # A rival who would need more than the limit for a point is not given it.
    far = {rival: three_of(up_to(points, 100 * 1024 * 1024)) for rival in RIVALS}
    for size in points:
        study.progress.begin(f"curve: {size} octets")
        letter = lane.letter(size, "sized")
        for rival in (SSHSM, SOCKET, *(rival for rival in RIVALS if size in far[rival])):
            run = one(lane, rival, letter)
            curves.add("octets", rival.title, size, letter.octets / run.wall / MEGABYTE)
            if rival is SSHSM:
                curves.add("octets", f"{rival.title}, its RSS in MB", size,
                           run.octets_resident / MEGABYTE)
        os.unlink(letter.path)


def trips(study, line, curves):
    points = up_to(TRIPS, study.size.trip)
    rivals = (SSHSM, SOCKET, *RIVALS)
    with study.lane(rivals, functools.partial(SinkHost, line=line)) as lane:
        warm_up(lane)
        letter = lane.letter(SMALL)
        for trip in points:
            study.progress.begin(f"curve: a round trip of {1000 * trip:.0f} ms")
            line.set_round_trip(trip)
            for rival in rivals:
                if rival not in RIVALS or trip in three_of(points):
                    # The fastest: whatever made another one slower was the machine.
                    fastest = min(one(lane, rival, letter).wall for _ in range(study.size.curve))
                    curves.add("trip", rival.title, round(1000 * trip), 1000 * fastest)
        line.set_round_trip(0)


def measure(study, lane):
    """All but the one for which there must be a long line."""
    curves = Curves()
    clients(study, lane, curves)
    messages(study, lane, curves)
    octets(study, lane, curves)
    return curves
