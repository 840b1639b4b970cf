"""What was asked of sshsm, and whether it is so."""

from rivals import BARE, KEPT, MUX, RECIPE, RECIPE_FAST, SOCKET, SSHSM


# Why a figure is what it is, where more cannot be had.
WHY_TRIPS = (
    "they are the SYN, its end, our algorithms, our key, the service, the login, the channel, a bare "
    "acknowledgement, the command, EHLO, the envelope, the message. sshd does not turn Nagle's algorithm "
    "off: it confirms the channel when the list of host keys that it sent behind the login is "
    "acknowledged. (To send our version before we have seen sshd's gains nothing for the same reason: its "
    "algorithms then wait for the acknowledgement of its version.) Channel and command in one flight "
    "would save one, but the command needs the number that the far side gives to the channel (RFC 4254 "
    "5.1), and libssh has no call for that.")
WHY_WALL = "most of it is sshd's own: see its CPU time. The bare program is the floor."
WHY_LARGE = (
    "sshd is busy all the time: what its command has not read yet it keeps in a buffer of up to 2 MiB, "
    "which it moves and grows. The bare program is the floor.")
WHY_START = (
    "the loading of the libraries, libssh's with Kerberos among them, is the largest part; libcrypto's "
    "first use, the process that dials, and the sandbox are the rest. The bare program dials before it has "
    "read its key, and has no sandbox. Dialling before a batch is there would let sshd's LoginGraceTime "
    "and MaxStartups count against the friend.")


def rounded(value):
    return None if value is None else round(value, 2)


class Aim:
    """`value` is nothing where it could not be measured; `floor` is what a bare libssh program has in
    its place, where there is such a thing; `why` is told where the aim does not hold."""

    def __init__(self, title, asked, value, unit="", floor=None, at_least=False, why=""):
        self.title, self.at_least, self.why = title, at_least, why
        self.bound, self.unit = asked, unit
        # What is printed is what is judged.
        self.value, self.floor = rounded(value), rounded(floor)

    @property
    def holds(self):
        if self.value is None:
            return None
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def words(self):
        verdict = {None: "not measured", True: "yes", False: "**no**"}[self.holds]
        measured, floor = ("-" if value is None else f"{value:g}{self.unit}"
                           for value in (self.value, self.floor))
        return [self.title, f"{'≥' if self.at_least else '≤'} {self.bound:g}{self.unit}", measured,
                verdict, floor]

    def as_data(self):
        return {"title": self.title, "at_least": self.at_least, "asked": self.bound,
                "unit": self.unit, "measured": self.value, "holds": self.holds, "floor": self.floor}


def ratio(figures, measure, us, them):
    ours, theirs = figures.median(measure, us), figures.median(measure, them)
    return None if ours is None or not theirs else ours / theirs


def cold_aims(figures):
    def to_recipe(measure, rival=SSHSM):
        return ratio(figures, measure, rival, RECIPE)
    return [
        Aim("cold: wall time of `sshsm -bS`, to the recipe's", 0.15, to_recipe("wall_ms"), " ×",
            to_recipe("wall_ms", BARE), why=WHY_WALL),
        Aim("cold: the same, to the bare libssh program's", 1.15,
            ratio(figures, "wall_ms", SSHSM, BARE), " ×"),
        Aim("cold: client CPU, to the recipe's", 0.10, to_recipe("client_cpu_ms"), " ×",
            to_recipe("client_cpu_ms", BARE)),
        Aim("cold: round trips to the 250", 11, figures.least("trips", SSHSM),
            floor=figures.least("trips", BARE), why=WHY_TRIPS),
        Aim("cold: the same with BDAT", 10, figures.least("trips_bdat", SSHSM), why="the same"),
        Aim("cold: start of `sshsm -bS` to its SYN", 4, figures.median("start_up_ms", SSHSM), " ms",
            figures.median("start_up_ms", BARE), why=WHY_START),
        Aim("cold: RSS of `sshsm -bS`", 9, figures.median("rss_mb", SSHSM), " MB",
            figures.median("rss_mb", BARE)),
        Aim("large message: MB/s of `sshsm -bS`, to ssh's with aes128-gcm", 0.9,
            ratio(figures, "mb_s", SSHSM, RECIPE_FAST), " ×",
            ratio(figures, "mb_s", BARE, RECIPE_FAST), at_least=True),
        Aim("large message: the same, to the recipe's", 1.5, to_recipe("mb_s"), " ×",
            to_recipe("mb_s", BARE), at_least=True, why=WHY_LARGE)]


def all_aims(figures):
    return cold_aims(figures) + [
        Aim("warm: round trips to the 250, at sshsmd's socket", 2, figures.least("trips", SOCKET)),
        Aim("warm: the same with BDAT, `sshsm -bS` through sshsmd", 1,
            figures.least("trips_bdat", KEPT)),
        Aim("warm: messages/s in a row at sshsmd's socket, to ControlMaster's", 8,
            ratio(figures, "in_a_row", SOCKET, MUX), " ×", at_least=True)]
