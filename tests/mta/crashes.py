"""What sshsm can put into no words: it is not there, or it is killed. Mail waits all the same."""

import os
import threading
import time

from letter import Letter
from pair import SENDMAIL, SSHSM
from registry import expect
from rows import in_each_direction, once_per_sender


def waits_and_arrives(pair, mend):
    """The one letter waits, and arrives once when that is mended."""
    pair.counts(waits=1)
    mend()
    pair.run_queues()
    pair.everything_arrived()


@in_each_direction("sshsm_is_not_there", short=once_per_sender)
def sshsm_is_not_there(pair):
    pair.here.run("mv", SSHSM, SSHSM + ".away")
    pair.send(Letter())
    waits_and_arrives(pair, lambda: pair.here.run("mv", SSHSM + ".away", SSHSM))


@in_each_direction("sshsm_is_killed_before_the_greeting", short=once_per_sender)
def sshsm_is_killed_before_the_greeting(pair):
    # No longer than the case.
    pair.force("exec sleep 20")
    killer = Killer(pair)
    pair.send(Letter())
    killer.end()
    waits_and_arrives(pair, lambda: pair.force(SENDMAIL))


class Killer:
    """Kills sshsm on the sending host, whenever it is there, until `end`."""

    def __init__(self, pair):
        self._host, self._over, self._killed = pair.here, threading.Event(), 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._over.wait(0.1):
            for number, name in self._host.processes().items():
                if name == "sshsm":
                    self._kill(number)

    def _kill(self, number):
        try:
            # Not before it is on its way.
            if time.time() - os.stat(self._host.path(f"/proc/{number}")).st_mtime > 0.3:
                self._host.run("kill", "-KILL", str(number))
                self._killed += 1
        except (FileNotFoundError, AssertionError):
            # Its second process ends by itself.
            pass

    def end(self):
        self._over.set()
        self._thread.join()
        expect(self._killed > 0, True, "sshsm was killed")
