#!/usr/bin/python3
"""Measures sshsm beside its rivals and writes a report with two plots; run.sh builds what this needs.

    bench.py [--quick] BUILDDIR

report.md, report.json, cold.svg and warm.svg are written into BUILDDIR. The status is 0 if everything
ran, whatever the figures are, and 1 if a message was lost or doubled.
"""

import datetime
import os
import platform
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("end_to_end", "mta"):
    sys.path.insert(0, os.path.join(os.path.dirname(HERE), folder))

import aims
import curves
import line as long_line
import measures
import phases
import plot
import receivers
import rig as rig_module
import rivals
import study as studies
import syslog_catcher
from far import SinkHost
from progress_line import Progress
from report import Report

HOLDING = (rivals.SOCKET, rivals.MUX, rivals.AUTOSSH)
PACKAGES = ("openssh-client", "openssh-server", "libssh-4", "autossh", "dropbear-bin", "libpoe-perl",
            "netcat-openbsd")


def said_by(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, check=False)
    return done.stdout.strip() or "?"


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")),
                    platform.machine())


def header(arguments, load):
    """The lines at the report's head: machine, date, versions, command."""
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = int(file.readline().split()[1]) / 1e6
    versions = said_by("dpkg-query", "-W", "-f", "${Package} ${Version}, ", *PACKAGES).rstrip(" ,")
    here = os.path.dirname(os.path.dirname(HERE))
    commit = said_by("git", "-c", "safe.directory=*", "-C", here, "describe", "--always", "--dirty")
    return [f"{datetime.datetime.now():%Y-%m-%d %H:%M}; {os.cpu_count()} × {processor()}, "
            f"{memory:.0f} GB; {platform.system()} {platform.release()}; load before: {load:.1f}",
            f"sshsm {commit}; {versions}",
            "`" + " ".join(["sh", "tests/bench/run.sh", *arguments]) + "`",
            f"A message is {studies.SMALL} octets to one recipient; the far side is an sshd of its own "
            "on the loopback, whose forced command is tests/tools/mail_sink, unless something else is "
            "said."]


def open_line(study):
    """A Line, or nothing where there can be none."""
    reason = long_line.why_not()
    if reason:
        study.skip("round trips", reason)
        return None
    line = long_line.Line(study.bench.directory)
    study.bench.at_end(line.stop)
    return line


def measure(study):
    """All of it; gives the curves."""
    study.progress.begin("lines come up")
    line = open_line(study)
    with study.lane(rivals.ALL, SinkHost) as lane:
        studies.warm_up(lane)
        measures.deliveries(study, lane)
        measures.rows(study, lane)
        measures.idle(study, lane, HOLDING)
        measures.large(study, lane)
        measures.crowds(study, lane)
        found = curves.measure(study, lane)
    phases.phases(study)
    measures.held(study)
    if line:
        measures.trips(study, line)
        curves.trips(study, line, found)
    measures.queues(study, (rivals.SSHSM, rivals.RECIPE))
    measures.blindly(study)
    receivers.receivers(study)
    return found


def plots(figures):
    """{file name: text}"""
    cold = [(rival.title, [figures.median("phase " + phase, rival) for phase in phases.PHASES])
            for rival in rivals.of_group(rivals.COLD)]
    warm = [(rival.title, figures.median("in_a_row", rival), rival.holder == "keeper")
            for rival in rivals.of_group(rivals.WARM)]
    return {"cold.svg": plot.stacked("One cold message, from the start of the client to its end",
                                     phases.PHASES, sorted(cold, key=lambda row: sum(row[1]))),
            "warm.svg": plot.logarithmic("Messages/s one after another, with the line up (log scale)",
                                         sorted(warm, key=lambda row: -row[1]), "no SSH",
                                         figures.median("in_a_row", rivals.TCP))}


def run(bench, arguments, directory):
    """Gives the exit status."""
    load = os.getloadavg()[0]
    size = studies.QUICK if "--quick" in arguments else studies.FULL
    study = studies.Study(bench, size, Progress())
    found = measure(study)
    study.progress.end()
    report = Report(study, found, aims.all_aims(study.figures),
                    [*header(arguments, load), f"It took {study.progress.seconds / 60:.1f} minutes."])
    report.write(directory)
    for name, text in plots(study.figures).items():
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(text)
    print(report.text())
    return 1 if report.wrong else 0


def stop(_number, _frame):
    raise KeyboardInterrupt


def main(arguments):
    directories = [word for word in arguments if word != "--quick"]
    if len(directories) != 1:
        sys.exit(__doc__)
    syslog_catcher.enter_private_dev()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, stop)
    rig = rig_module.Rig(directories[0])
    try:
        bench = rig.bench("bench")
        try:
            return run(bench, [word for word in arguments if word == "--quick"], directories[0])
        except studies.Failed as failure:
            sys.exit(f"bench: {failure}")
        finally:
            bench.close()
    finally:
        rig.close()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
