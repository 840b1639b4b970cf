#!/usr/bin/python3
"""Measures sshsm beside its rivals and prints a table; run.sh builds what this needs.

    bench.py [--quick] BUILDDIR

The status is 0 if everything ran, whatever the figures are, and 1 if a message was lost or doubled.
"""

import datetime
import os
import platform
import pwd
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "end_to_end"))

import measures
import rig as rig_module
import rivals
import rows
import syslog_catcher
import table
import warm
import warm_rows
from lane import Lane


class Progress:
    """One line on standard error that says where we are."""

    def __init__(self):
        self._began = time.monotonic()
        self._what = ""

    def begin(self, what):
        self._what = what
        self._say("")

    def step(self, done, of):
        if sys.stderr.isatty():
            self._say(f" {done + 1}/{of}")

    def _say(self, more):
        before, behind = ("\r\033[K", "") if sys.stderr.isatty() else ("", "\n")
        seconds = time.monotonic() - self._began
        sys.stderr.write(f"{before}bench: {seconds:4.0f} s: {self._what}{more}{behind}")
        sys.stderr.flush()

    def end(self):
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")


def first_line_of(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, check=False)
    return (done.stdout.splitlines() or ["?"])[0]


def header(size):
    account = pwd.getpwuid(os.geteuid())
    return "\n".join([
        f"sshsm beside its rivals, {datetime.datetime.now():%Y-%m-%d %H:%M}: "
        f"{platform.system()} {platform.release()}, {os.cpu_count()} cores, load before "
        f"{os.getloadavg()[0]:.1f}",
        f"{first_line_of('ssh', '-V')}; "
        f"libssh {first_line_of('pkg-config', '--modversion', 'libssh')}",
        f"The far side: an sshd of its own on the loopback, login {account.pw_name}, whose shell "
        f"{account.pw_shell} runs the forced command, tests/tools/mail_sink.",
        f"A message is {measures.SMALL} octets to one recipient. Rivals in turn, medians of "
        f"{size.cold} rounds (at once {size.at_once}, 100 MiB {size.large}, round trips "
        f"{size.trips}). 1 MB is 1,000,000 octets.", *rivals.LEGEND])


def measure(bench, size, progress):
    """Prints the tables; gives the exit status."""
    print(header(size), end="\n\n", flush=True)
    line = rows.open_line(bench)
    lane = Lane(bench, rivals.ALL, ["MaxStartups 100"])
    queue = Lane(bench, rivals.OVER_SSH, ["MaxStartups default"])
    lines = rows.cold(lane, size, progress)
    lines += rows.crowd(lane, size, progress)
    lines += rows.queue(queue, size, progress)
    lines += rows.large(lane, size, progress)
    trips, far_lanes = rows.trips(bench, line, size, progress)
    progress.end()
    print(table.show(rivals.ALL, lines + trips), end="\n\n", flush=True)
    warm_lines, warm_lanes = warm_rows.all_rows(bench, line, size.warm, progress)
    progress.end()
    print("\n".join(["With the line up:", *warm.LEGEND]), end="\n\n")
    account, wrong = rows.account([lane, queue, *far_lanes, *warm_lanes])
    print(table.show(warm.COLUMNS, warm_lines + [account]))
    return 1 if wrong else 0


def stop(_number, _frame):
    raise KeyboardInterrupt


def main(arguments):
    size = rows.QUICK if "--quick" in arguments else rows.FULL
    arguments = [word for word in arguments if word != "--quick"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    syslog_catcher.enter_private_dev()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, stop)
    rig = rig_module.Rig(arguments[0])
    try:
        bench = rig.bench("bench")
        try:
            return measure(bench, size, Progress())
        except measures.Failed as failure:
            sys.exit(f"bench: {failure}")
        finally:
            bench.close()
    finally:
        rig.close()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
