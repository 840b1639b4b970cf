"""What is done to the programs while they work: signals, and what they are taken away.

Harm finds its victims at the moment it strikes; where there is none, nothing is done. `done` says
what was: the law excuses nobody for a blow that went into the air.
"""

import contextlib
import os
import resource
import signal
import threading

from processes import children

ALL_OF = {"memory": resource.RLIMIT_AS, "descriptors": resource.RLIMIT_NOFILE, "files": resource.RLIMIT_FSIZE}


class Harm:
    def __init__(self, plan, far_side):
        self._plan = plan
        self._far_side = far_side
        self._timers = []
        self._lock = threading.Lock()
        self._stopped = []
        self.done = []
        # Popens of sshsm at work, and of the keeper.
        self.mailers = []
        self.keeper = None

    def begin(self):
        for target, name, moment, pause in self._plan.signals:
            self._after(moment, self._strike, target, name, pause)
        for target, what, moment, more in self._plan.starvation:
            self._after(moment, self._starve, target, what, more)
        if self._plan.trust and self._plan.trust[1] is not None:
            self._after(self._plan.trust[1], self._far_side.trust, self._plan.trust[0])

    def _after(self, seconds, action, *arguments):
        timer = threading.Timer(seconds, action, arguments)
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def end(self):
        """Nothing strikes any more, and whoever stands still goes on."""
        for timer in list(self._timers):
            timer.cancel()
        for timer in list(self._timers):
            timer.join()
        with self._lock:
            for pid in self._stopped:
                self._send(pid, signal.SIGCONT)
            self._stopped.clear()

    def has_hit(self, target, *names):
        return any(hit == target and (not names or name in names) for hit, name in self.done)

    def _victims(self, target):
        mailers = [one.pid for one in list(self.mailers) if one.poll() is None]
        keeper = [self.keeper.pid] if self.keeper is not None and self.keeper.poll() is None else []
        attendants = [child for pid in keeper for child in children(pid)]
        return {"sshsm": lambda: mailers, "keeper": lambda: keeper, "attendant": lambda: attendants,
                "dialler": lambda: [child for pid in mailers + attendants for child in children(pid)],
                "sshd": self._far_side.session_processes, "sink": self._far_side.sinks}[target]()

    @staticmethod
    def _send(pid, number):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    def _strike(self, target, name, pause):
        with self._lock:
            for pid in self._victims(target)[:1]:
                self._send(pid, getattr(signal, "SIG" + name))
                self.done.append((target, name))
                if name == "STOP":
                    self._stopped.append(pid)
                    # The far side stands still until all is over.
                    if target not in ("sshd", "sink"):
                        self._after(pause, self._send, pid, signal.SIGCONT)

    def _starve(self, target, what, more):
        with self._lock:
            for pid in self._victims(target)[:1]:
                with contextlib.suppress(OSError, ValueError, IndexError):
                    limit = more
                    if what == "memory":
                        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
                            limit += int(file.read().split()[0]) * resource.getpagesize()
                    if what == "descriptors":
                        limit = len(os.listdir(f"/proc/{pid}/fd")) if more else 0
                    resource.prlimit(pid, ALL_OF[what], (limit, limit))
                    self.done.append((target, what))
