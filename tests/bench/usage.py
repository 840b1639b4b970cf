"""What processes use, as the kernel counts it."""

import os
import sys
import time

TICKS = 1e9
# cgroup v1's accounting, where there is one of its own, and cgroup v2.
TOPS = (("/sys/fs/cgroup/cpuacct", "cpuacct.usage"), ("/sys/fs/cgroup", "cpu.stat"),
        ("/sys/fs/cgroup/unified", "cpu.stat"))
SETTLED = 3.0


class Group:
    """A control group: processes with all that comes of them, also when those are gone already."""

    _numbers = 0

    def __init__(self, directory, file):
        self._directory = directory
        self._file = os.path.join(directory, file)

    @staticmethod
    def make():
        """A Group, or nothing where there can be none."""
        Group._numbers += 1
        for top, file in TOPS:
            directory = os.path.join(top, f"sshsm-bench-{os.getpid()}-{Group._numbers}")
            try:
                os.mkdir(directory)
            except OSError:
                continue
            if os.access(os.path.join(directory, file), os.R_OK):
                return Group(directory, file)
            os.rmdir(directory)
        return None

    def add(self, pid):
        with open(os.path.join(self._directory, "cgroup.procs"), "w", encoding="ascii") as file:
            file.write(str(pid))

    def pids(self):
        with open(os.path.join(self._directory, "cgroup.procs"), encoding="ascii") as file:
            return set(file.read().split())

    def seconds(self):
        """Of the processor."""
        with open(self._file, encoding="ascii") as file:
            text = file.read()
        if text.startswith("usage_usec"):
            return int(text.split()[1]) / 1e6
        return int(text) / TICKS

    def settle(self, before):
        """Waits until those that came since `before` have ended, or for so long."""
        end = time.monotonic() + SETTLED
        while self.pids() - before and time.monotonic() < end:
            time.sleep(0.005)

    def remove(self):
        """Waits for those who have not noticed their end yet."""
        self.settle(set())
        try:
            os.rmdir(self._directory)
        except OSError as error:
            print(f"bench: {self._directory}: {error.strerror}", file=sys.stderr)


def field(path, name):
    """The kibibytes behind that name, in octets; 0 for a process that is gone or not ours to look
    at."""
    try:
        with open(path, encoding="ascii") as file:
            return sum(int(line.split()[1]) for line in file if line.startswith(name)) * 1024
    except (OSError, ValueError):
        return 0


def shared_memory_of(pids):
    """Their memory, with their share of what they share with others (PSS)."""
    return sum(field(f"/proc/{pid}/smaps_rollup", "Pss:") for pid in pids)


def largest_of(pids):
    """The memory of the largest of them (RSS)."""
    return max((field(f"/proc/{pid}/status", "VmRSS:") for pid in pids), default=0)


def seconds_of(pids):
    """Of the processor, of processes with one thread."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])
        except OSError:
            pass
    return total / TICKS


def wakeups_of(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            total += sum(int(line.split()[1]) for line in file if "ctxt_switches" in line)
    return total


def descendants_of(pid):
    """All that came of a process, without itself, as far as it is there."""
    found = []
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = [int(word) for word in file.read().split()]
    except OSError:
        return found
    for child in children:
        found += [child, *descendants_of(child)]
    return found
