#!/usr/bin/python3
"""Runs random scenarios in which something breaks, and holds each to the law of law.py.

    run.py BUILDDIR [--scenarios N] [--seed S] [--only K] [--workers W]

The seed is printed; without one it is drawn. --only K runs scenario K of the seed alone, and shows
what was said. Several scenarios run beside each other, each worker with an sshd of its own. The last
line is `N passed, N failed, N skipped`; each failure names its seed, its number and what happened.
"""

import argparse
import collections
import contextlib
import multiprocessing
import multiprocessing.connection
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "end_to_end"))
# The path must be there first.
import servers  # noqa: E402
from far_side import Workshop  # noqa: E402
from law import Judgement  # noqa: E402
from means import Means  # noqa: E402
from plan import Plan  # noqa: E402
from processes import adopt_orphans  # noqa: E402
from stage import Stage  # noqa: E402
from syslog_catcher import SyslogCatcher, enter_private_dev  # noqa: E402

WORKERS = 8
# A worker that says nothing for so long hangs itself.
WORKER_LIMIT = 180

Outcome = collections.namedtuple("Outcome", "number word text tally seconds")


def stop(_number, _frame):
    raise KeyboardInterrupt


def perform(workshop, seed, number, is_shown):
    plan = Plan(seed, number)
    began = time.monotonic()
    reason = workshop.means.reason_against(plan)
    if reason:
        return Outcome(number, "SKIP", reason, {}, 0.0)
    stage, faults, tally = None, [], {}
    try:
        stage = Stage(workshop, plan)
        judgement = Judgement(stage.run())
        faults, tally = judgement.faults, judgement.tally
    except Exception:
        faults = ["the rig itself: " + traceback.format_exc()]
    lines = []
    if faults or is_shown:
        lines = ["what failed: " + fault for fault in faults] + ["plan: " + plan.describe()]
        if stage is not None:
            lines += [f"struck: {stage.harm.done}"]
            lines += [line for attempt in stage.attempts for line in attempt.show()]
            lines += ["sshsmd: " + line for line in stage.keeper_words.splitlines()[-40:]]
    return Outcome(number, "FAIL" if faults else "PASS", "\n    ".join(lines), dict(tally),
                   time.monotonic() - began)


def work(options, means, line):
    for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(one, stop)
    adopt_orphans()
    workshop = Workshop(options.build, means)
    try:
        while (number := line.recv()) is not None:
            line.send(perform(workshop, options.seed, number, options.only is not None))
    except (KeyboardInterrupt, EOFError):
        pass
    finally:
        workshop.close()


class Result:
    def __init__(self, seed):
        self._seed = seed
        self.words = collections.Counter()
        self.tally = collections.Counter()
        self.reasons = collections.Counter()

    def add(self, outcome):
        self.words[outcome.word] += 1
        self.tally.update(outcome.tally)
        if outcome.word == "SKIP":
            self.reasons[outcome.text] += 1
            return
        if outcome.text:
            print(f"{outcome.word} scenario {outcome.number} of seed {self._seed} ({outcome.seconds:.1f} s)\n    "
                  f"{outcome.text}", flush=True)
        if self.words.total() % 500 == 0:
            print(f"{self.words.total()} scenarios: {dict(self.words)}", flush=True)

    def show(self):
        for what, count in sorted(self.tally.items()):
            print(f"{what}: {count}")
        for reason, count in self.reasons.items():
            print(f"SKIP {count} scenarios: {reason}")


class Crew:
    """The workers. Each is told the next number when it has done with the one before."""

    def __init__(self, options, means):
        self._workers = {}
        for _ in range(options.workers):
            ours, theirs = multiprocessing.Pipe()
            worker = multiprocessing.Process(target=work, args=(options, means, theirs))
            worker.start()
            theirs.close()
            self._workers[ours] = worker

    def run(self, numbers, result):
        waiting, idle = list(reversed(numbers)), list(self._workers)
        busy = {}
        while waiting or busy:
            while waiting and idle:
                line = idle.pop()
                busy[line] = waiting.pop()
                line.send(busy[line])
            ready = multiprocessing.connection.wait(list(busy), WORKER_LIMIT)
            if not ready:
                raise RuntimeError(f"workers hang at scenarios {list(busy.values())}")
            for line in ready:
                busy.pop(line)
                result.add(line.recv())
                idle.append(line)

    def close(self):
        for line in self._workers:
            with contextlib.suppress(OSError):
                line.send(None)
        for worker in self._workers.values():
            worker.join(20)
            if worker.is_alive():
                worker.terminate()
                worker.join(20)


def run(options, means):
    numbers = [options.only] if options.only is not None else list(range(options.scenarios))
    options.workers = min(options.workers, len(numbers))
    result = Result(options.seed)
    crew = Crew(options, means)
    try:
        crew.run(numbers, result)
    finally:
        crew.close()
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--scenarios", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10 ** 6))
    parser.add_argument("--only", type=int)
    parser.add_argument("--workers", type=int, default=WORKERS)
    options = parser.parse_args()
    enter_private_dev()
    for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(one, stop)
    # No sshd may end before its last scenario.
    servers.LIFETIME += 2 * options.scenarios
    directory = tempfile.mkdtemp(prefix="sshsm-faults-")
    syslog = SyslogCatcher()
    means = Means(options.build, directory)
    began = time.monotonic()
    print(f"seed {options.seed}", flush=True)
    try:
        result = run(options, means)
    finally:
        means.close()
        syslog.close()
        shutil.rmtree(directory, ignore_errors=True)
    result.show()
    print(f"{time.monotonic() - began:.0f} s; seed {options.seed}")
    print(f"{result.words['PASS']} passed, {result.words['FAIL']} failed, {result.words['SKIP']} skipped")
    sys.exit(1 if result.words["FAIL"] or not result.words["PASS"] else 0)


if __name__ == "__main__":
    os.umask(0o022)
    main()
