"""The messages that are sent, and the account of what became of each."""

import collections
import os

import friend as mail

SENDER, RECIPIENT = "<alice@here.example>", "<bob@friend.example>"
# The first line tells messages apart. It is of one length, so that it can be written anew in place.
MARK = "Subject: bench {:08d}"
LINE = b"m" * 70 + b"\r\n"


def envelope():
    """What stands before the text, and what behind it."""
    whole = mail.batch(SENDER, [RECIPIENT], b"")
    return whole[:-3], whole[-3:]


class Letter:
    """A file with one message of about `octets` as batch SMTP."""

    def __init__(self, path, octets):
        self.path = path
        self.lines = max(1, octets // len(LINE))
        self.mark = None
        self._begin, end = envelope()
        with open(path, "wb") as file:
            file.write(self._begin + MARK.format(0).encode() + b"\r\n\r\n")
            for first in range(0, self.lines, 10000):
                file.write(LINE * min(10000, self.lines - first))
            file.write(end)
        self.octets = os.path.getsize(path) - len(self._begin) - len(end)

    def renew(self, number):
        """Makes it a message that was not sent before."""
        self.mark = MARK.format(number)
        with open(self.path, "r+b") as file:
            file.seek(len(self._begin))
            file.write(self.mark.encode())


class Account:
    """Which messages were sent, which of them were reported as accepted, and which arrived."""

    def __init__(self, tally):
        self._tally = tally
        self._reported = {}
        self._failed = set()
        self._octets = {}

    def sent(self, mark, octets):
        self._octets[mark] = octets
        self._reported.setdefault(mark, False)

    def reported(self, mark):
        self._reported[mark] = True

    def failed(self, mark):
        """Whoever sent it was told that it did not go through, and does not try again."""
        self._failed.add(mark)

    def arrivals(self):
        """{first line: [(nanoseconds since 1970, octets), ...]}"""
        found = collections.defaultdict(list)
        if os.path.exists(self._tally):
            with open(self._tally, encoding="ascii") as file:
                for line in file:
                    time, octets, mark = line.rstrip("\n").split(" ", 2)
                    found[mark].append((int(time), int(octets)))
        return found

    def sums(self):
        """Counter of sent, arrived, lost, doubled and unreported (arrived, but called a failure)."""
        arrivals = self.arrivals()
        sums = collections.Counter()
        for mark, octets in self._octets.items():
            if mark in self._failed and not arrivals[mark]:
                continue
            sums["sent"] += 1
            whole = [one for one in arrivals[mark] if one[1] == octets]
            sums["arrived"] += bool(whole)
            sums["lost"] += not whole
            sums["doubled"] += len(arrivals[mark]) > 1
            sums["unreported"] += bool(whole) and not self._reported[mark]
        return sums
