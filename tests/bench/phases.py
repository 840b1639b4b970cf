"""Where the time of a cold delivery goes, as the far side sees it: the same clock for all rivals.

An sshd of its own logs at DEBUG1 into a pipe, and each line is given the moment at which it comes out
of it. That a connection is there, that keys are exchanged, that the login is through, and that the
command is started or the connection forwarded are lines of that log; that the message is accepted is
the mail sink's own clock; start and end are the client's.
"""

import functools
import os
import threading
import time

from far import SinkHost
from rivals import COLD, of_group
from servers import Sshd
from study import SMALL, one, warm_up

# (phase, what is in the line that ends it)
MARKS = (("dial", ("Connection from ",)),
         ("key exchange", ("KEX done",)),
         ("authentication", ("Accepted publickey for ",)),
         ("channel", ("Starting session: ", "server_request_direct_tcpip: ")))
PHASES = [name for name, _ in MARKS] + ["SMTP", "hanging up"]


class ToldSshd(Sshd):
    """An sshd whose log is read as it is written."""

    def start(self):
        os.mkfifo(self.log)
        # Both ends, so that there is never an end of the input.
        self._pipe = os.open(self.log, os.O_RDWR)
        self._lines = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        super().start()

    def _read(self):
        with open(self._pipe, encoding="utf-8", errors="replace", closefd=False) as log:
            for line in log:
                self._lines.append((time.time(), line))

    def first(self, words, after):
        """When the first line with one of these words came after that moment."""
        for moment, line in self._lines:
            if moment >= after and any(word in line for word in words):
                return moment
        raise RuntimeError(f"sshd's log does not say: {words}")


def phases_of(lane, run):
    """[seconds] in the order of PHASES."""
    moments = [run.began]
    for _, words in MARKS:
        moments.append(lane.host.sshd.first(words, moments[-1]))
    moments += [lane.accepted_at(run), run.ended]
    return [later - earlier for earlier, later in zip(moments, moments[1:])]


def phases(study):
    study.progress.begin("phases")
    rivals = of_group(COLD)
    host = functools.partial(SinkHost, options=("MaxStartups 1000", "LogLevel DEBUG1"),
                             make_sshd=ToldSshd)
    with study.lane(rivals, host) as lane:
        warm_up(lane)
        letter = lane.letter(SMALL)
        def measure(rival):
            run = one(lane, rival, letter)
            for phase, seconds in zip(PHASES, phases_of(lane, run)):
                study.figures.add("phase " + phase, rival, 1000 * seconds)
            study.figures.add("phases_wall_ms", rival, 1000 * run.wall)
        study.in_turn(rivals, study.size.phases, measure)
