"""The same with real mail servers at the far end: how long one message takes, start to end."""

import functools
import time

from far import REAL, RealHost
from registry import Skip
from rivals import KEPT, MUX, RECIPE, SOCKET, SSHSM
from study import SMALL, one, warm_up

RIVALS = (SSHSM, RECIPE, KEPT, SOCKET, MUX)
# For what a mail server does behind its 250.
PAUSE = 0.2


def measure_of(name):
    return f"receiver {name}"


def receiver(study, name):
    study.progress.begin(name)
    with study.lane(RIVALS, functools.partial(RealHost, name)) as lane:
        warm_up(lane)
        letter = lane.letter(SMALL)
        def measure(rival):
            time.sleep(PAUSE)
            study.figures.add(measure_of(name), rival, 1000 * one(lane, rival, letter).wall)
        study.in_turn(RIVALS, study.size.receivers, measure)


def receivers(study):
    for name in REAL:
        try:
            receiver(study, name)
        except (Skip, AssertionError) as reason:
            # What a mail server or its root said may be long, and comes last.
            study.skip(name, (str(reason).strip().splitlines() or [repr(reason)])[-1])
