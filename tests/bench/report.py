"""report.md and report.json: all that was found in this run, and how it was measured."""

import json
import os

import curves as curve
import receivers
import rivals
from measures import HELD
from phases import PHASES
from study import MIB

# (heading, measure, what of its values, digits)
COLUMNS = (
    ("wall ms", "wall_ms", "median", 1), ("p90", "wall_ms", "p90", 1),
    ("client CPU ms", "client_cpu_ms", "median", 1), ("server CPU ms", "server_cpu_ms", "median", 1),
    ("RSS MB", "rss_mb", "median", 1), ("PSS MB", "pss_mb", "median", 1),
    ("processes here", "processes", "median", 0), ("there", "far_processes", "median", 0),
    ("round trips to the 250", "trips", "least", 0),
    ("messages/s in a row", "in_a_row", "median", 1),
    ("messages/s, 16 clients", "sixteen", "median", 1),
    ("MB/s, large message", "mb_s", "median", 0))
GROUPS = ((rivals.COLD, "Cold: a connection for each message"),
          (rivals.WARM, "Warm: the line is up"), (rivals.FLOOR, "Floors: no SSH"))

HOW = """\
- Clients, and those who hold their lines, run as the mail user, as mail servers start them.
- Wall time is from the start of the client (or of the connection to a socket) to its end. Rivals
  take turns, so that what else the machine does meets them all. Figures are medians; p90 is
  the ninth decile. 1 MB is 1,000,000 octets.
- Client CPU is that of all processes of the client, and of whoever holds its line; at a socket
  and in a pipe the mail server which sends is not in it. Server CPU is that of sshd, its children
  and the mail sink, from their control group. RSS is the largest process's; PSS and processes are
  sums over all processes of the client and of whoever holds its line, at their peak while the
  answer to the final dot is held back for {held:.1f} s.
- Round trips are the client's flights until the packet with the 250 is there, counted in the
  packets on a line of {trip:.0f} ms between two network namespaces, two TUN interfaces and a program
  between them; the fewest of the rounds, since a keepalive of another line adds to them. `-bs`,
  `--lmtp`, the recipe, ssh and dbclient are spoken to as a mailer is: each command waits for its
  answer. At sockets MAIL, RCPT and DATA go in one write.
- A large message has {large:.0f} MiB, in the rows above; in the curves its size is said.
- Messages/s of a row is one client; with 16 clients all begin at once. At a socket both sides of
  it keep the connection for one session with one message.
- A point of a curve was measured once, in the round trip's curve it is the fastest of a few: whatever
  made another one slower was the machine.
- Where a way is begun anew for each message (the Perl forwarder, cold) it has no row of messages.
"""
HOW_PHASES = """\
As the far side sees it, by one clock and in the same way for all: an sshd that logs at DEBUG1
into a pipe, each line taken at the moment at which it comes. Dial: from the start of the client
until sshd has the connection; key exchange: until both have new keys; authentication: until the
key is accepted; channel: until the command is started, or the connection is forwarded; SMTP:
until the mail sink has the message; hanging up: until the client has ended. Medians of each
phase, so that they need not add up to the median of the whole.
"""


def number(value, digits):
    return "-" if value is None else f"{value:.{digits}f}"


def table(head, lines):
    """Markdown; the first column to the left, the others to the right."""
    rows = [head, ["---"] + ["---:"] * (len(head) - 1), *lines]
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)


def row_of(figures, sums, rival):
    """{column: value}: what report.json says of a rival, and what report.md shows."""
    found = {"title": rival.title, "group": rival.group, "note": rival.note}
    for heading, measure, which, _ in COLUMNS:
        found[heading] = getattr(figures, which)(measure, rival)
    account = sums.get(rival.key, {})
    found.update({name: account.get(name, 0) for name in ("sent", "lost", "doubled")})
    return found


def words_of(row):
    return [row["title"], *(number(row[heading], digits) for heading, _, _, digits in COLUMNS),
            f"{row['lost']}/{row['sent']}", str(row["doubled"])]


class Report:
    def __init__(self, study, curves, aims, header):
        self.study, self.curves, self.aims = study, curves, aims
        self.header = header
        self.rows = {rival.key: row_of(study.figures, study.sums, rival) for rival in rivals.ALL}

    @property
    def wrong(self):
        """How many messages were lost or doubled."""
        return sum(sums["lost"] + sums["doubled"] for sums in self.study.sums.values())

    def data(self):
        return {"header": self.header, "aims": [aim.as_data() for aim in self.aims],
                "rivals": self.rows, "figures": self.study.figures.as_data(),
                "curves": self.curves.as_data(), "notes": self.study.notes}

    def text(self):
        parts = [("", "\n".join(f"- {line}" for line in self.header) + "\n"),
                 ("What was asked", self._aims()), ("Side by side", self._rivals()),
                 ("Where a cold delivery's time goes", self._phases()),
                 ("Real mail servers", self._receivers()), ("How it goes on", self._curves()),
                 ("A queue run at an sshd as it comes", self._queue()),
                 ("Lines on which nothing happens", self._idle()),
                 ("How it was measured", HOW.format(large=self.study.size.large_octets / MIB,
                                                    trip=1000 * self.study.size.long_trip,
                                                    held=HELD))]
        notes = "".join(f"- {note}\n" for note in self.study.notes)
        if notes:
            parts.append(("What there is to say besides", notes))
        return "# sshsm beside its rivals\n" + "".join(
            (f"\n## {title}\n" if title else "") + f"\n{text}" for title, text in parts)

    def _aims(self):
        reasons = "".join(f"- {aim.title}: {aim.why}\n" for aim in self.aims
                          if aim.why and aim.holds is False)
        return (table(["", "asked", "measured", "holds", "bare libssh"],
                      [aim.words() for aim in self.aims])
                + "\nThe last column is the floor: the same of tests/bench/bare_libssh.cc, which does "
                "nothing but the handshake and the message.\n" + (reasons and "\n" + reasons))

    def _rivals(self):
        head = ["", *(heading for heading, *_ in COLUMNS), "lost", "doubled"]
        parts = []
        for group, title in GROUPS:
            rows = [words_of(self.rows[rival.key]) for rival in rivals.of_group(group)]
            parts.append(f"{title}\n\n" + table(head, rows))
        notes = "".join(f"- {rival.title}: {rival.note}\n" for rival in rivals.ALL if rival.note)
        return "\n".join([*parts, "![warm messages/s](warm.svg)\n", notes])

    def _phases(self):
        figures = self.study.figures
        rows = [[rival.title,
                 *(number(figures.median("phase " + phase, rival), 1) for phase in PHASES),
                 number(figures.median("phases_wall_ms", rival), 1)]
                for rival in rivals.of_group(rivals.COLD)]
        return (table(["ms", *PHASES, "start to end"], rows) + "\n![cold latency](cold.svg)\n\n"
                + HOW_PHASES)

    def _receivers(self):
        figures = self.study.figures
        names = [("mail_sink", "wall_ms"),
                 *((name, receivers.measure_of(name)) for name in receivers.REAL)]
        rows = [[name, *(number(figures.median(measure, rival), 1) + " / "
                         + number(figures.p90(measure, rival), 1) for rival in receivers.RIVALS)]
                for name, measure in names]
        return ("One message, start to end, ms: median / p90\n\n"
                + table(["", *(rival.title for rival in receivers.RIVALS)], rows))

    def _curves(self):
        parts = [f"`*`: cut off after {self.study.size.limit} s; the rate is of what went through "
                 "until then.\n"]
        for name, title in curve.CURVES.items():
            points = self.curves.points[name]
            columns = sorted({x for line in points.values() for x in line})
            rows = [[way, *(self._point(line.get(x)) for x in columns)]
                    for way, line in points.items()]
            parts.append(table([title, *(f"{x:,}" for x in columns)], rows))
        return "\n".join(parts)

    @staticmethod
    def _point(point):
        if point is None:
            return ""
        value, is_cut = point
        digits = 0 if value >= 100 else 1 if value >= 1 else 2
        return f"{value:.{digits}f}" + ("*" if is_cut else "")

    def _queue(self):
        figures = self.study.figures
        ways = [rival for rival in rivals.ALL if figures.values("queue_ms", rival)]
        rows = [[rival.title, number(figures.median("queue_ms", rival), 0),
                 number(figures.median("queue_failures", rival), 0),
                 number(figures.median("queue_bounces", rival), 0)] for rival in ways]
        return ("16 clients at once, MaxStartups 10:30:100; those that failed are started again until "
                "all messages are through.\nA status other than 75 is one for which some mail server "
                "returns the mail.\n\n"
                + table(["", "ms until all were through", "clients that failed",
                         "with another status than 75"], rows))

    def _idle(self):
        figures = self.study.figures
        ways = [rival for rival in rivals.ALL if figures.values("idle_wakeups", rival)]
        rows = [[rival.title, number(figures.median("idle_wakeups", rival), 0),
                 number(figures.median("idle_pss_mb", rival), 1)] for rival in ways]
        return table(["who holds the line of", f"wake-ups in {self.study.size.idle:.0f} s", "PSS MB"],
                     rows)

    def write(self, directory):
        with open(os.path.join(directory, "report.md"), "w", encoding="utf-8") as file:
            file.write(self.text())
        with open(os.path.join(directory, "report.json"), "w", encoding="utf-8") as file:
            json.dump(self.data(), file, indent=1, ensure_ascii=False)
            file.write("\n")
