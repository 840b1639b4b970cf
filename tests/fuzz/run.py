#!/usr/bin/env python3
"""Runs the fuzz targets of a build tree and prints what they did; run.sh builds them first.

usage: run.py BUILD_DIRECTORY [MINUTES [TARGET...]]

A target begins with its seeds, what the tree keeps of it in tests/fuzz/corpus, and what earlier
runs found in the build tree.
"""

import concurrent.futures
import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

CLIENT = ["smtp/client", "smtp/dot_stuffer", "smtp/judgement", "smtp/transaction"]
RELAY = ["smtp/relay", "smtp/teller", "smtp/command_reader", "smtp/body_reader"]
SERVER = ["smtp/server", "smtp/peer", "smtp/teller", "smtp/command_reader", "smtp/body_reader"]
# target: the files of src/ that it is about, whose lines are counted.
TARGETS = {
    "reply": ["smtp/reply."],
    "capabilities": ["smtp/capabilities."],
    "batch": ["smtp/batch_reader", "smtp/body_reader", "smtp/command_reader", "smtp/path."],
    "client": CLIENT,
    "client_encounter": CLIENT,
    "relay": RELAY,
    "relay_encounter": RELAY,
    "lmtp": SERVER,
    "lmtp_encounter": SERVER,
    "keeper": SERVER,
    "known_hosts": ["trust/"],
    "configuration": ["config/"],
}
DICTIONARIES = {"known_hosts": "known_hosts.dict", "configuration": "configuration.dict"}
MAX_INPUT = 4000
# libFuzzer's own, when it was interrupted.
INTERRUPTED = 72
TICKS = os.sysconf("SC_CLK_TCK")
STATUS = re.compile(r"^#(\d+)\s.*cov: (\d+) ft: (\d+) corp: (\d+)", re.M)


@dataclasses.dataclass
class Result:
    target: str
    executions: int = 0
    rate: int = 0
    edges: int = 0
    features: int = 0
    inputs: int = 0
    lines: str = ""
    findings: int = 0


def cpu_seconds(pid):
    """Of a process and the time it has waited for; 0 where it is gone."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
    except OSError:
        return 0


class Fuzzing:
    """One target: its program, its directories and its log."""

    def __init__(self, build, target, seed):
        self.target, self.seed = target, seed
        self.program = os.path.join(build, "tests", "fuzz", "fuzz_" + target)
        self.found = os.path.join(build, "corpus", target)
        self.findings = os.path.join(build, "findings", target + "-")
        self.given = [path for path in (os.path.join(build, "seeds", target),
                                        os.path.join(HERE, "corpus", target))
                      if os.path.isdir(path)]
        self.log = os.path.join(build, "fuzz_%s.log" % target)
        self.profile = os.path.join(build, "fuzz_%s.profraw" % target)
        for path in (self.found, os.path.dirname(self.findings)):
            os.makedirs(path, exist_ok=True)

    def command(self, *options):
        dictionary = os.path.join(HERE, DICTIONARIES.get(self.target, "smtp.dict"))
        return [self.program, "-max_len=%d" % MAX_INPUT, "-dict=" + dictionary, "-timeout=30",
                "-rss_limit_mb=1500", "-artifact_prefix=" + self.findings, *options, self.found,
                *self.given]

    def run(self, seconds):
        """So many seconds of CPU time, or until something is found."""
        # Undefined behaviour is a finding: without a word it is only printed.
        environment = dict(os.environ, UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1")
        with open(self.log, "wb") as log:
            process = subprocess.Popen(  # pylint: disable=consider-using-with
                self.command("-seed=%d" % self.seed), stdout=log, stderr=log, env=environment)
            used = 0
            try:
                while process.poll() is None and used < seconds:
                    time.sleep(0.2)
                    used = max(used, cpu_seconds(process.pid))
                process.send_signal(signal.SIGINT)
                process.wait(timeout=60)
            finally:
                process.kill()
                process.wait()
        return self.result(process.returncode, used)

    def result(self, status, used):
        with open(self.log, encoding="latin-1") as file:
            text = file.read()
        result = Result(self.target, findings=0 if status == INTERRUPTED else 1)
        for number, edges, features, inputs in STATUS.findall(text):
            result.edges, result.features, result.inputs = int(edges), int(features), int(inputs)
            result.executions = int(number)
        done = re.search(r"stat::number_of_executed_units: (\d+)", text)
        result.executions = int(done.group(1)) if done else result.executions
        result.rate = int(result.executions / used) if used else 0
        if result.findings:
            print("FAIL %s: status %d, see %s*" % (self.target, status, self.findings))
            print("\n".join(re.findall(r"^(?:a law is broken|SUMMARY|.*runtime error).*", text, re.M)))
        else:
            result.lines = self.lines()
        return result

    def lines(self):
        """Which lines of its files all that was found reaches."""
        environment = dict(os.environ, LLVM_PROFILE_FILE=self.profile)
        subprocess.run(self.command("-runs=0"), env=environment, check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        data = self.profile + ".data"
        subprocess.run(["llvm-profdata", "merge", "-o", data, self.profile], check=True)
        done = subprocess.run(["llvm-cov", "export", "-summary-only", "-instr-profile=" + data,
                               self.program], check=True, capture_output=True)
        covered = count = 0
        for file in json.loads(done.stdout)["data"][0]["files"]:
            name = os.path.normpath(file["filename"]).removeprefix(ROOT + "/src/")
            if name.startswith(tuple(TARGETS[self.target])):
                covered += file["summary"]["lines"]["covered"]
                count += file["summary"]["lines"]["count"]
        return "%d of %d" % (covered, count)


def print_table(results):
    row = "%-18s %11s %7s %6s %9s %7s %13s %9s"
    print(row % ("target", "executions", "exec/s", "edges", "features", "inputs", "lines", "findings"))
    for one in results:
        print(row % (one.target, one.executions, one.rate, one.edges, one.features, one.inputs,
                     one.lines, one.findings))


def main():
    if len(sys.argv) < 2 or set(sys.argv[3:]) - set(TARGETS):
        sys.exit(__doc__ + "\ntargets: " + " ".join(TARGETS))
    build = os.path.abspath(sys.argv[1])
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 1
    seed = int(os.environ.get("SEED", time.time()))
    jobs = int(os.environ.get("JOBS", min(2, os.cpu_count() or 1)))
    print("seed %d, %g minutes of CPU time each, %d at a time" % (seed, minutes, jobs), flush=True)
    with concurrent.futures.ThreadPoolExecutor(max_workers=jobs) as pool:
        results = list(pool.map(lambda target: Fuzzing(build, target, seed).run(60 * minutes),
                                sys.argv[3:] or TARGETS))
    print_table(results)
    failed = sum(one.findings for one in results)
    print("%d passed, %d failed, 0 skipped" % (len(results) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
