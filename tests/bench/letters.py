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
    """A file with one message of about `octets` as batch SMTP. The marks are those of its messages."""

    count = 1

    def __init__(self, path, octets):
        self.path = path
        self.lines = max(1, octets // len(LINE))
        self.marks = []
        self._begin, end = envelope()
        with open(path, "wb") as file:
            file.write(self._begin + MARK.format(0).encode() + b"\r\n\r\n")
            for first in range(0, self.lines, 10000):
                file.write(LINE * min(10000, self.lines - first))
            file.write(end)
        self.octets = os.path.getsize(path) - len(self._begin) - len(end)

    def renew(self, number):
        """Makes it a message that was not sent before."""
        self.marks = [MARK.format(number)]
        with open(self.path, "r+b") as file:
            file.seek(len(self._begin))
            file.write(self.marks[0].encode())


class Queue:
    """A file with that many small messages as batch SMTP, each with a number of its own."""

    def __init__(self, path, octets, count):
        letter = Letter(path, octets)
        self.path, self.octets, self.count = path, letter.octets, count
        self.marks = []
        with open(path, "rb") as file:
            self._before, self._behind = file.read().split(MARK.format(0).encode())

    def renew(self, first):
        self.marks = [MARK.format(number) for number in range(first, first + self.count)]
        with open(self.path, "wb") as file:
            file.writelines(self._before + mark.encode() + self._behind for mark in self.marks)


class Account:
    """Which messages were sent and by whom, which of them were reported as accepted, and which
    arrived. Without a tally nobody knows what arrived."""

    def __init__(self, tally):
        self._tally = tally
        self._reported = {}
        self._failed = set()
        self._octets = {}
        self._senders = {}

    def sent(self, mark, octets, sender):
        self._octets[mark] = octets
        self._senders[mark] = sender
        self._reported.setdefault(mark, False)

    def forget(self, mark):
        """It was never tried."""
        for table in (self._octets, self._senders, self._reported):
            del table[mark]

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
        """{sender: Counter of sent, arrived, lost, doubled and unreported (arrived, but called a
        failure)}"""
        arrivals = self.arrivals() if self._tally else {}
        sums = collections.defaultdict(collections.Counter)
        for mark, octets in self._octets.items() if self._tally else ():
            if mark in self._failed and not arrivals[mark]:
                continue
            whole = [one for one in arrivals[mark] if one[1] == octets]
            sums[self._senders[mark]].update(
                sent=1, arrived=int(bool(whole)), lost=int(not whole),
                doubled=int(len(arrivals[mark]) > 1),
                unreported=int(bool(whole) and not self._reported[mark]))
        return sums
