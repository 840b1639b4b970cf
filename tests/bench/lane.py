"""The rivals' ways to one friend, and what one of them did with one message, or many."""

import os
import subprocess

import usage
from far import end
from holders import HOLDERS
from letters import MARK, Account, Letter
from mail_user import MailUser

# A client that takes longer is ended, and its message counts as not sent.
RUN_LIMIT = 300


class Run:
    """How the delivery of one message went; times in seconds, moments since 1970."""

    def __init__(self, words, marks):
        numbers = [int(word) for word in words.split()] or [-9, 0, 0, 0, 0, 0, 0]
        self.marks = marks
        self.status = numbers[0]
        self.is_accepted = numbers[1] == 1
        self.began, self.answered, self.ended = (number / 1e9 for number in numbers[2:5])
        self.cpu = numbers[5] / 1e6
        self.octets_resident = numbers[6] * 1024

    @property
    def wall(self):
        return self.ended - self.began


class Series:
    """How one run of tests/bench/sessions went."""

    def __init__(self, words, marks):
        self.marks = marks
        words = words.split() or ["", "0", "0", "0", "0"]
        self.accepted = [digit == "1" for digit in words[0]] if len(words) == 5 else []
        self.began, self.ended = (int(word) / 1e9 for word in words[-4:-2])
        # Of the programs that it ran: its own is the mail server's.
        self.cpu = int(words[-1]) / 1e6
        self.octets_resident = 0
        self.status = None

    @property
    def is_accepted(self):
        return self.accepted == [True]

    @property
    def wall(self):
        return self.ended - self.began

    @property
    def rate(self):
        return self.accepted.count(True) / self.wall


class Client:
    """A client at work, or waiting at its gate."""

    def __init__(self, process, result, settle):
        self.pid = process.pid
        self._process, self._result, self._settle = process, result, settle

    def is_at_work(self):
        return self._process.poll() is None

    def finish(self):
        try:
            words, _ = self._process.communicate(timeout=RUN_LIMIT)
        except subprocess.TimeoutExpired:
            end(self._process)
            words, _ = self._process.communicate()
        result = self._result(words)
        self._settle(result)
        return result


class Lane:
    """`host` is the far side; what holds a line for one of the rivals is started here."""

    _numbers = 0

    def __init__(self, bench, rivals, host):
        self.bench, self.rig, self.host, self.rivals = bench, bench.rig, host, rivals
        self.account = Account(host.tally)
        self.mail_user = MailUser(self.rig)
        self.friend = self.new_friend()
        port = host.sshd.port
        self._errors = open(os.path.join(bench.directory, f"stderr-{host.address}-{port}"), "ab")
        bench.at_end(self._errors.close)
        self.holders = {}
        for name in dict.fromkeys(rival.holder for rival in rivals if rival.holder):
            self.holders[name] = HOLDERS[name](self)
        self.targets = {rival: rival.target(self) for rival in rivals}

    def new_friend(self, **settings):
        """A destination with a key that the host forces the mail server on, and the host's pin."""
        host = self.host
        friend = self.bench.friend(sshd=host.sshd, command=host.command,
                                   settings={"host": host.address, "user": host.user, **settings})
        name = host.address if host.sshd.port == 22 else f"[{host.address}]:{host.sshd.port}"
        friend.write_pins([f"{name} {host.sshd.host_keys['ed25519']}"])
        return friend

    def program(self, name, folder="tests/bench"):
        """Of the build tree, for the mail user."""
        return self.mail_user.program(os.path.join(self.rig.build, folder, name))

    def spawn(self, words, gate=None, environment=None):
        """A process of the mail user's, which ends with the bench."""
        process = subprocess.Popen(
            [*self.host.prefix, *self.mail_user.prefix, *words], text=True, cwd="/",
            env={**self.rig.environment, **(environment or {})}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self._errors, start_new_session=True,
            pass_fds=[] if gate is None else [gate])
        self.bench.at_end(lambda: end(process))
        return process

    def errors(self):
        """The last that the clients said."""
        with open(self._errors.name, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-5:])

    def pids(self, rival):
        """Of what holds the rival's line."""
        return self.holders[rival.holder].pids() if rival.holder else []

    # --- messages ---

    def letter(self, octets, name="letter"):
        return Letter(self.friend.path(name), octets)

    @staticmethod
    def number(count=1):
        """The first of so many that no message had before."""
        Lane._numbers += count
        return Lane._numbers - count + 1

    def start(self, rival, letter, gate=None, is_again=False):
        """One message, or the same one again: a program by launch, which knows what it used; a socket
        by sessions."""
        if rival.is_reset and gate is None:
            self.holders[rival.holder].take_down()
        if rival.is_socket:
            return self.start_series(rival, letter, 1, gate)
        if not is_again:
            letter.renew(self.number(letter.count))
        self._sent(letter.marks, letter, rival)
        words = [self.program("launch")] + {"talk": ["--talk"], "lmtp": ["--lmtp"]}.get(rival.kind, [])
        words += ["--gate", str(gate)] if gate is not None else []
        process = self.spawn([*words, letter.path, *self.targets[rival]], gate)
        marks = letter.marks
        return Client(process, lambda words: Run(words, marks), self._settle_run)

    def _sent(self, marks, letter, rival):
        for mark in marks:
            self.account.sent(mark, letter.octets, rival.key)

    def run(self, rival, letter):
        before = usage.seconds_of(self.pids(rival))
        run = self.start(rival, letter).finish()
        run.cpu += max(0.0, usage.seconds_of(self.pids(rival)) - before)
        run.octets_resident = max(run.octets_resident, usage.largest_of(self.pids(rival)))
        return run

    def _settle_run(self, run):
        # A launch that failed may be tried again; its message stays open until then.
        for mark in run.marks if run.is_accepted else ():
            self.account.reported(mark)

    def start_series(self, rival, letter, count, gate=None, seconds=None):
        """That many messages one after another, none of which begins later than `seconds`."""
        first = self.number(count)
        options = ["--gate", str(gate)] if gate is not None else []
        options += ["--seconds", str(seconds)] if seconds else []
        process = self.spawn([self.program("sessions"), *options, letter.path, str(first), str(count),
                              rival.kind, *self.targets[rival]], gate)
        marks = [MARK.format(number) for number in range(first, first + count)]
        self._sent(marks, letter, rival)
        return Client(process, lambda words: Series(words, marks), self._settle_series)

    def _settle_series(self, series):
        for place, mark in enumerate(series.marks):
            if place >= len(series.accepted) > 0:
                self.account.forget(mark)
            elif series.accepted[place:place + 1] == [True]:
                self.account.reported(mark)
            else:
                self.account.failed(mark)

    def series(self, rival, letter, count, seconds=None):
        before = usage.seconds_of(self.pids(rival))
        series = self.start_series(rival, letter, count, None, seconds).finish()
        series.cpu += max(0.0, usage.seconds_of(self.pids(rival)) - before)
        return series

    def accepted_at(self, run):
        """When the mail server took the message and said 250, in seconds since 1970."""
        return self.account.arrivals()[run.marks[0]][0][0] / 1e9
