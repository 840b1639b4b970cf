#!/usr/bin/python3
"""Runs the cases of the real mail servers against a build: contrib/ as it stands, on two hosts.

    run_cases.py [--all] BUILDDIR [WORD...]

--all adds the long cases; WORDs choose the cases whose subject or name contains one of them. The
directory of the run is kept if a case failed, and named at the end.
"""

import os
import shutil
import signal
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "end_to_end"))
# The path must be there first.
import registry  # noqa: E402
import rig  # noqa: E402

SUBJECTS = ["enrolment", "directions", "faults", "crashes", "bounces", "strict", "sendmail_recipe", "exim_recipe",
            "postfix_recipe", "kept", "smuggled"]


class HostRig:
    """What a Bench needs of a rig."""

    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.sshsm = os.path.join(self.build, "src", "sshsm")
        self.directory = tempfile.mkdtemp(prefix="sshsm-hosts-")
        os.chmod(self.directory, 0o755)
        self._benches = set()

    def bench(self, name):
        bench = rig.Bench(self, name)
        self._benches.add(bench)
        return bench

    def forget(self, bench):
        self._benches.discard(bench)

    def stop_everything(self):
        for bench in list(self._benches):
            bench.stop()


def stop(_number, _frame):
    raise KeyboardInterrupt


def main(arguments, subjects, manual):
    words = [word for word in arguments if word != "--all"]
    if not words:
        sys.exit(manual)
    for subject in subjects:
        __import__(subject)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, stop)
    host_rig = HostRig(words[0])
    tally = registry.run(registry.selected(words[1:], "--all" in arguments), host_rig)
    if tally.failed:
        print("kept: " + host_rig.directory)
    else:
        shutil.rmtree(host_rig.directory, ignore_errors=True)
    print(tally.line(), flush=True)
    sys.exit(1 if tally.failed or not tally.passed + tally.skipped else 0)


if __name__ == "__main__":
    os.umask(0o022)
    main(sys.argv[1:], SUBJECTS, __doc__)
