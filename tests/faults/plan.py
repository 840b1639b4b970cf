"""What happens in a scenario: everything that is left to chance, drawn from the seed and the number.

Nothing else of a run asks for a random number, so that the same two make the same scenario again;
only the moments at which things happen beside each other are the machine's.
"""

import random

DIRECT, MEETING, LISTENER = "direct", "meeting", "listener"
BATCH, REST, TALK, LMTP, NO_MODE_BATCH, NO_MODE_TALK = "-bS", "--rest", "-bs", "--lmtp", "batch", "talk"
MODES = {BATCH: ["-bS"], REST: ["--rest"], TALK: ["-bs"], LMTP: ["--lmtp"], NO_MODE_BATCH: [], NO_MODE_TALK: []}
BATCHES = (BATCH, REST, NO_MODE_BATCH)

QUICK = {"connect-timeout": 1, "greeting-timeout": 2, "timeout": 1, "dot-timeout": 1, "batch-timeout": 4,
         "idle-timeout": 2, "wait-timeout": 1, "server-alive-interval": 1, "server-alive-count-max": 1}
PATIENT = {"connect-timeout": 30, "greeting-timeout": 30, "timeout": 30, "dot-timeout": 30, "batch-timeout": 60}

SERVER_FAULTS = (
    "close-before-banner", "stall-before-banner", "garbage-banner", "close-after-banner", "stall-after-banner",
    "close-in-handshake", "stall-in-handshake", "close-in-auth", "stall-in-auth", "refuse-auth", "partial-auth",
    "disconnect-after-auth", "close-in-open", "stall-in-open", "refuse-channel", "close-in-exec",
    "stall-in-exec", "refuse-exec", "no-exit-status", "exit-signal", "early-eof", "no-close", "stderr-flood",
    "slow-reader", "no-reader", "rekey")
FAULTS_AT_OCTET = ("close-at-octet", "disconnect-at-octet", "stall-at-octet", "rekey", "end-at-octet",
                   "end-channel-at-octet")
STEPS = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "BDAT", "dot", "RSET", "QUIT")
# The harms, and how often each is drawn.
KINDS = {"line": 5, "server": 4, "script": 5, "signal": 6, "limit": 3, "starvation": 2, "trust": 1, "disk": 1,
         "resolver": 1, "clock": 1, "caller": 2}
SIGNALS = ("KILL", "KILL", "TERM", "STOP", "HUP")
TARGETS = {DIRECT: ("sshsm", "dialler", "sshd", "sink"),
           MEETING: ("sshsm", "keeper", "attendant", "dialler", "sshd", "sink"),
           LISTENER: ("keeper", "attendant", "dialler", "sshd", "sink")}


class Plan:
    def __init__(self, seed, number):
        self.seed, self.number = seed, number
        self.dice = random.Random(f"{seed}/{number}")
        self.path = self.dice.choices([DIRECT, MEETING, LISTENER], [5, 3, 3])[0]
        self.harms = self._draw_harms()
        self.mode = self._draw_mode()
        self.clients = self.dice.choice([1, 1, 2, 4]) if self.path != DIRECT else 1
        self.letters = [self._draw_letters() for _ in range(self.clients)]
        self.eol = self.dice.choice(["\r\n", "\n"])
        self.input = self.dice.choice(["pipe", "pipe", "file", "slow"])
        self.has_socket = self.dice.random() < 0.5
        self.is_verbose = self.dice.random() < 0.7
        self.pipelines = self.dice.random() < 0.5
        self.far = self.dice.choices(["sshd", "smtp-address", "proxy-command"], [8, 1, 1])[0]
        self.offers = self._draw_offers()
        # Tried first; nobody is there. Behind a name that cannot be looked up: one that can, second.
        self.has_dead_host = self.dice.random() < 0.1
        self.settings = dict(QUICK if self.harms else PATIENT)
        self.settings.update({"linger": self.dice.choice([0, 0, 1]), "linger-jitter": 0,
                              "messages-per-session": self.dice.choice([1, 2, 10]),
                              "max-sessions": self.dice.choice([1, 2, 10]),
                              "max-connections": self.dice.choice([1, 4]),
                              "persistent": self.dice.choice(["no", "no", "no", "yes"])})
        self.signals, self.starvation, self.script, self.prefix, self.line = [], [], [], [], {}
        self.fault = self.trust = self.disk = self.resolver = self.clock = self.leaves = None
        for harm in self.harms:
            getattr(self, "_draw_" + harm)()

    @property
    def speaks_lmtp(self):
        return self.mode == LMTP

    @property
    def is_batch(self):
        return self.mode in BATCHES

    def _draw_harms(self):
        if self.dice.random() < 0.05:
            return []
        count = self.dice.choices([1, 2, 3], [6, 3, 1])[0]
        return sorted(set(self.dice.choices(list(KINDS), list(KINDS.values()), k=count)))

    def _draw_mode(self):
        if self.path == LISTENER:
            return self.dice.choice([TALK, LMTP])
        return self.dice.choice(list(MODES))

    def _draw_letters(self):
        """(recipients, lines) of each."""
        count = self.dice.choice([1, 1, 1, 2, 3, 8])
        size = self.dice.choices([0, 3, 100, 1000, 18000], [6, 6, 3, 2, 0.4])[0]
        return [(self.dice.choice([1, 1, 2, 5]), self.dice.randint(0, size)) for _ in range(count)]

    def _draw_offers(self):
        return [line for line in ("offer CHUNKING", "withhold PIPELINING", "withhold 8BITMIME", "offer DSN")
                if self.dice.random() < 0.3]

    def _moment(self):
        """Seconds behind the start: most of a delivery is over in a fifth of one."""
        return self.dice.choice([self.dice.uniform(0, 0.1), self.dice.uniform(0.05, 0.4), self.dice.uniform(0, 2)])

    def _octet(self):
        """Of one direction: the handshake ends at about 3000, a letter begins and ends behind it."""
        return self.dice.choice([self.dice.randrange(64), self.dice.randrange(2500), self.dice.randrange(2000, 6000),
                                 self.dice.randrange(2500, 6000), self.dice.randrange(100000)])

    # --- harms ---

    def _draw_line(self):
        fault = self.dice.choice(["cut_at", "cut_at", "reset_at", "stall_at", "flip_at", "split_at", "pieces"])
        self.line = {fault: self.dice.choice([1, 7, 100]) if fault == "pieces" else self._octet(),
                     "direction": self.dice.choice(["up", "down"])}
        if fault == "split_at":
            self.line["pause"] = self.dice.choice([0.05, 0.3, 0.9])

    def _draw_server(self):
        if self.dice.random() < 0.5:
            self.fault = [self.dice.choice(SERVER_FAULTS)]
        else:
            self.fault = [self.dice.choice(FAULTS_AT_OCTET), "--octets", str(1 + self._octet() % 20000)]
        self.far = "sshd"

    def _draw_script(self):
        for _ in range(self.dice.choice([1, 1, 2])):
            step, nth = self.dice.choice(STEPS + ("dot", "dot")), self.dice.choice(["", "#1", "#2"])
            if self.dice.random() < 0.25:
                # The one moment at which mail could be lost or doubled.
                self.script.append(self.dice.choice(["drop after dot", f"die after dot {nth}", f"stall dot {nth}"]))
                continue
            # Never no answer at all: the next one would be taken for it, and nobody could tell.
            self.script.append(self.dice.choice([
                f"reply {step} {nth} {self.dice.choice([250, 354, 421, 450, 451, 452, 500, 550, 552, 554])} so it is",
                f"raw {step} {nth} \"{self.dice.choice(['2', '25', '250', '250-x', '354 a' + chr(92) + 'r', 'what?'])}"
                f"{self.dice.choice(['', chr(92) + 'r' + chr(92) + 'n'])}\"",
                f"delay {step} {nth} {self.dice.choice([0.05, 0.3, 0.9])}",
                f"stall {step} {nth}", f"die before {step} {nth}", f"die after {step} {nth}", "drop after dot",
                f"die inside {self.dice.randrange(1, 3000)}", f"stall inside {self.dice.randrange(1, 3000)}",
                "print-before-greeting \"hello\\r\\n\"", "stderr 1000000", "exit 75", "signal 11", "lax-354",
                "ignore-eof"]))

    def _draw_signal(self):
        for _ in range(self.dice.choice([1, 1, 1, 2])):
            self.signals.append((self.dice.choice(TARGETS[self.path]), self.dice.choice(SIGNALS), self._moment(),
                                 self.dice.uniform(0.02, 1.5)))
        # Gives the signal something to hit.
        if self.dice.random() < 0.6:
            self.script.append(f"delay {self.dice.choice(STEPS)} {self.dice.choice([0.1, 0.3])}")

    def _draw_limit(self):
        """What the programs have from the start on. With fewer descriptors than 4 the loader of shared
        libraries ends them, which is no word of ours."""
        what = self.dice.choice(["nofile", "nofile", "fsize", "nproc", "as", "stack"])
        value = {"nofile": self.dice.randint(4, 24), "fsize": self.dice.choice([0, 1, 100, 2000, 20000]),
                 "nproc": self.dice.randint(0, 40), "as": self.dice.randrange(0, 24_000_000, 4096),
                 "stack": self.dice.choice([16384, 65536, 262144])}[what]
        self.prefix = [what, value]

    def _draw_starvation(self):
        """What one of the programs is taken away while it works."""
        target = self.dice.choice([name for name in TARGETS[self.path] if name not in ("sshd", "sink")])
        self.starvation.append((target, self.dice.choice(["memory", "descriptors", "files"]), self._moment(),
                                self.dice.choice([0, 0, 4096, 200_000, 1_000_000])))

    def _draw_trust(self):
        self.trust = self.dice.choice(["changed", "revoked", "unpinned"]), self.dice.choice([None, self._moment()])

    def _draw_disk(self):
        """Octets that are free on the disk of the rest file and the metrics file."""
        if self.path != LISTENER:
            self.mode = REST
        self.disk = self.dice.choice([0, 4096, 8192, 20480])

    def _draw_resolver(self):
        self.resolver = self.dice.choice(["silent", "slow", "failing", "garbled", "missing"])

    def _draw_clock(self):
        self.clock = (self.dice.choice([-3600, 3600, -86400 * 400, 86400 * 400]), int(self._moment() * 1000))

    def _draw_caller(self):
        self.leaves = (self.dice.randint(1, 8), self.dice.choice([0, 0.3, 0.9, 1]))

    def describe(self):
        said = [f"{self.path} {self.mode}", f"letters {self.letters}", f"far {self.far}"]
        for name in ("fault", "line", "script", "signals", "prefix", "starvation", "trust", "disk", "resolver",
                     "clock", "leaves", "has_dead_host", "offers"):
            if getattr(self, name):
                said.append(f"{name} {getattr(self, name)}")
        said.append(f"input {self.input} socket {self.has_socket} pipelines {self.pipelines} -v {self.is_verbose}")
        quick = {name: value for name, value in self.settings.items() if QUICK.get(name) != value}
        return "; ".join(said + [str(quick)])
