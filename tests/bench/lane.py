"""One friend with an sshd of his own, the rivals' ways to him, and one run of one of them."""

import os
import shlex
import subprocess

from letters import Account, Letter

# A client that takes longer is ended, and its message counts as not sent.
RUN_LIMIT = 300


class Run:
    """How one client ended; times in seconds since 1970."""

    def __init__(self, words, mark):
        numbers = [int(word) for word in words.split()] or [-9, 0, 0, 0, 0, 0, 0]
        self.mark = mark
        self.status = numbers[0]
        self.is_accepted = numbers[1] == 1
        self.began, self.answered, self.ended = (number / 1e9 for number in numbers[2:5])
        self.cpu = numbers[5] / 1e6
        self.octets_resident = numbers[6] * 1024

    @property
    def wall(self):
        return self.ended - self.began


class Client:
    """A client at work, or waiting at its gate."""

    def __init__(self, lane, process, letter):
        self._lane = lane
        self._process = process
        self._mark = letter.mark

    def finish(self):
        try:
            words, _ = self._process.communicate(timeout=RUN_LIMIT)
        except subprocess.TimeoutExpired:
            self._lane.end(self._process)
            words, _ = self._process.communicate()
        run = Run(words, self._mark)
        if run.is_accepted:
            self._lane.account.reported(run.mark)
        return run


class Lane:
    """`sshd_options` are lines of its sshd_config; `address` is where the clients find it, and
    `prefix` the command that takes a client to where that address is; `script` is the mail server's."""

    _numbers = 0

    def __init__(self, bench, rivals, sshd_options, address="127.0.0.1", prefix=(), script=""):
        self.rig = bench.rig
        sshd = bench.sshd(sshd_options)
        port = sshd.port
        tally = os.path.join(bench.directory, f"tally{port}")
        self._sink = [self.rig.sink, "--tally", tally]
        if script:
            self._sink += ["--script", os.path.join(bench.directory, f"script{port}")]
            with open(self._sink[-1], "w", encoding="ascii") as file:
                file.write(script)
        self.friend = bench.friend(sshd=sshd, settings={"host": address},
                                   command=shlex.join(self._sink))
        self.friend.write_pins([f"[{address}]:{port} {sshd.host_keys['ed25519']}"])
        self.account = Account(tally)
        self.bench = bench
        self._prefix = list(prefix)
        self._launch = os.path.join(self.rig.build, "tests", "bench", "launch")
        self._errors = open(os.path.join(bench.directory, f"stderr{port}"), "ab")
        bench.at_end(self._errors.close)
        self._commands = {rival: rival.prepare(self) for rival in rivals}

    def sink_command(self):
        return self._sink

    def letter(self, octets, name="letter"):
        return Letter(self.friend.path(name), octets)

    def renew(self, letter):
        """Makes the letter a new message, and takes it into the account."""
        letter.renew(self.number())
        self.account.sent(letter.mark, letter.octets)

    @staticmethod
    def number(count=1):
        """The first of so many that no message had before."""
        Lane._numbers += count
        return Lane._numbers - count + 1

    def start(self, rival, letter, gate=None):
        words = [self._launch] + (["--talk"] if rival.talks else [])
        words += ["--gate", str(gate)] if gate is not None else []
        process = self.spawn([*words, letter.path, *self._commands[rival]], gate)
        return Client(self, process, letter)

    def spawn(self, words, gate=None):
        """A process among the clients, which ends with the bench."""
        process = subprocess.Popen(
            [*self._prefix, *words], text=True, cwd="/", env=self.rig.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors,
            start_new_session=True, pass_fds=[] if gate is None else [gate])
        self.bench.at_end(lambda: self.end(process))
        return process

    def command(self, rival):
        return self._commands[rival]

    def run(self, rival, letter):
        return self.start(rival, letter).finish()

    @staticmethod
    def end(process):
        """Ends the client with what it started, if it is still there."""
        if process.poll() is None:
            os.killpg(process.pid, 9)
            process.wait()

    def errors(self):
        """The last that the clients said."""
        with open(self._errors.name, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-5:])
