"""The long line as the bench uses it: started, set to a delay, and its record read."""

import os
import stat
import subprocess
import sys
import time

import syslog_catcher
import wire

HERE = os.path.dirname(os.path.abspath(__file__))
# How much of a round trip may lie between the packets of one flight.
FLIGHT = 0.75
# What run.sh says when it has given us a network namespace of our own.
OWN_NAMESPACE = "SSHSM_BENCH_OWN_NAMESPACE"
TUN = "/dev/net/tun"


def why_not():
    """Why there can be no long line here; nothing if there can."""
    if os.geteuid() != 0:
        return "a network namespace needs root"
    if not os.environ.get(OWN_NAMESPACE):
        return "no network namespace of our own"
    if os.environ.get(syslog_catcher.MARK) and not os.path.exists(TUN):
        # This /dev is ours alone, and has only what we put there.
        os.makedirs(os.path.dirname(TUN), exist_ok=True)
        os.mknod(TUN, 0o600 | stat.S_IFCHR, os.makedev(10, 200))
    try:
        os.close(os.open(TUN, os.O_RDWR))
    except OSError as error:
        return f"{TUN}: {error.strerror}"
    return None


class Line:
    """Raises RuntimeError if the kernel does not let us."""

    near = wire.NEAR

    def __init__(self, directory):
        self._path = os.path.join(directory, "packets")
        self._process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "wire.py"), self._path], text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.prefix = ["nsenter", f"--net=/proc/{self._process.pid}/ns/net"]
        self._delay = 0.0
        if self._process.stdout.readline() != "ready\n":
            self._process.wait()
            self.stop()
            raise RuntimeError("the line between two namespaces could not be made")

    def set_round_trip(self, seconds):
        self._delay = seconds / 2
        self._process.stdin.write(f"{self._delay}\n")
        # What is under way was held back by the former delay.
        time.sleep(0.5)

    def stop(self):
        if self._process.poll() is None:
            # The last session has its end yet to say, and would wait for an answer for ever.
            self.set_round_trip(0)
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _packets(self, begin):
        """[(seconds since 1970, direction, octets of data, has SYN)] from then on."""
        with open(self._path, encoding="ascii") as file:
            rows = [line.split() for line in file if line.endswith("\n")]
        packets = [(int(row[0]) / 1e9, row[1], int(row[2]), len(row) > 3) for row in rows]
        return [packet for packet in packets if packet[0] >= begin]

    def trip(self, began, accepted):
        """(when the SYN came, flights of the client until the 250 was there) of the only connection
        since `began`, whose message the mail server accepted at `accepted`."""
        packets = self._packets(began)
        first = next(time for time, direction, _, syn in packets if syn and direction == ">")
        reply = next(time for time, direction, octets, _ in packets
                     if direction == "<" and octets and time >= accepted)
        end = reply + self._delay
        return first, self._flights([time for time, direction, _, _ in packets
                                     if direction == ">" and time < end])

    def flights(self, began, accepted):
        """The flights alone, on a connection that was there before: packets without data do not
        count."""
        packets = self._packets(began)
        reply = next(time for time, direction, octets, _ in packets
                     if direction == "<" and octets and time >= accepted)
        return self._flights([time for time, direction, octets, _ in packets
                              if direction == ">" and octets and time < reply + self._delay])

    def _flights(self, times):
        """How often a sender began anew after a wait of most of a round trip."""
        count, begin = 0, float("-inf")
        for time_of_one in times:
            if time_of_one - begin > FLIGHT * 2 * self._delay:
                count, begin = count + 1, time_of_one
        return count
