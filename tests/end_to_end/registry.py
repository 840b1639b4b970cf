"""The list of end-to-end cases, and the loop that runs them.

A case is a function with one argument (its Bench) whose name is a sentence:

    @case
    def a_message_arrives_byte_for_byte(bench): ...

    @case(long=True)        only in the long run
    @case(alone=True)       while no other case runs: it measures or loads the machine
    @case(root=True)        needs root
"""

import concurrent.futures
import os
import sys
import threading
import time
import traceback

WORKERS = 4

_cases = []


class Skip(Exception):
    """Raised by a case that cannot run here; the text says why."""


def expect(actual, wanted, what):
    """Compares literally; the message shows both."""
    if actual != wanted:
        raise AssertionError(f"{what}\n  is:     {actual!r}\n  wanted: {wanted!r}")


class Case:
    def __init__(self, function, long, alone, root):
        self.function = function
        self.long = long
        self.alone = alone
        self.root = root
        self.subject = function.__module__
        self.name = function.__name__.replace("_", " ")


def case(function=None, *, long=False, alone=False, root=False):
    def register(inner):
        _cases.append(Case(inner, long, alone, root))
        return inner
    return register(function) if function else register


def selected(words, with_long):
    """The cases whose subject or name contains one of the words; all if there are none."""
    def is_wanted(one):
        if words:
            title = (one.subject + " " + one.name).replace("_", " ")
            return any(word.replace("_", " ") in title for word in words)
        return with_long or not one.long
    return [one for one in _cases if is_wanted(one)]


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self._lock = threading.Lock()

    def add(self, one, outcome, seconds, text):
        with self._lock:
            if outcome == "PASS":
                self.passed += 1
            elif outcome == "SKIP":
                self.skipped += 1
            else:
                self.failed += 1
            print(f"{outcome} {one.subject}: {one.name} ({seconds:.1f} s)"
                  + (f": {text}" if outcome == "SKIP" else ""), flush=True)
            if outcome == "FAIL":
                print("    " + text.rstrip().replace("\n", "\n    "), flush=True)

    def line(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def explanation():
    """The failed assertion, or the whole trace of an error in the test itself."""
    kind, error, trace = sys.exc_info()
    if kind is AssertionError and str(error):
        place = [frame for frame in traceback.extract_tb(trace) if not frame.filename.endswith(("rig.py", "registry.py", "friend.py"))][-1]
        return f"{os.path.basename(place.filename)}:{place.lineno}: {place.line}\n{error}"
    return traceback.format_exc()


def run_one(one, rig, tally):
    start = time.monotonic()
    outcome, text = "PASS", ""
    bench = None
    try:
        if one.root and os.geteuid() != 0:
            raise Skip("needs root")
        bench = rig.bench(one.function.__name__)
        one.function(bench)
    except Skip as reason:
        outcome, text = "SKIP", str(reason)
    except BaseException:
        outcome, text = "FAIL", explanation()
    finally:
        if bench:
            bench.close(keep=outcome == "FAIL")
    tally.add(one, outcome, time.monotonic() - start, text)


def run(cases, rig):
    tally = Tally()
    together = [one for one in cases if not one.alone]
    pool = concurrent.futures.ThreadPoolExecutor(WORKERS)
    try:
        for done in [pool.submit(run_one, one, rig, tally) for one in together]:
            done.result()
    except BaseException:
        # Interrupted: what has not begun never does, and what runs loses its sshsm.
        pool.shutdown(wait=False, cancel_futures=True)
        rig.stop_everything()
        raise
    finally:
        pool.shutdown(wait=True)
    for one in cases:
        if one.alone:
            run_one(one, rig, tally)
    return tally
