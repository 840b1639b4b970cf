"""The rows of the second table: with the line up, and what was asked of sshsmd."""

import os
import statistics
import time

import measures
import table
import warm
from measures import Failed
from warm import AUTOSSH, BATCH, COLUMN_OF, MUX, PLAIN, SOCKET, WarmLane

MEGABYTE = 1e6
SMALL = measures.SMALL
CROWD, EACH = 200, 2
IDLE_BEGINS = 1.0
STEP_BY_STEP = "--step-by-step"
# Where a round trip is this long, what the machine does between two flights is none.
LONG_TRIP = 0.1
SKIP_MEMORY = "idle, MB: SKIP: whose memory it is needs root"


class Size:
    """Rounds of each measure, which share of a way's messages each of them has, and how long nobody
    says anything."""

    def __init__(self, rounds, share, programs, crowds, trips, idle):
        self.rounds = rounds
        self.share = share
        self.programs = programs
        self.crowds = crowds
        self.trips = trips
        self.idle = idle


FULL = Size(rounds=15, share=1.0, programs=40, crowds=5, trips=3, idle=10.0)
QUICK = Size(rounds=3, share=0.3, programs=8, crowds=1, trips=1, idle=4.0)


def by_column(values):
    return {COLUMN_OF.get(way, way): value for way, value in values.items()}


def median_of(found, value):
    """{column: median of value(series)}"""
    return by_column({way: statistics.median(value(series) for series in theirs)
                      for way, theirs in found.items()})


def judged(title, values, us, them, bound, at_least):
    """A row that is only what was asked, since its figures stand in another."""
    row = table.compared(title, values, us, them, bound, at_least=at_least)
    row.cells = {}
    return row


def whole_series(lane, way, letter, count, *options):
    series = lane.series(way, letter, count, *options)
    if series.accepted != [True] * count:
        raise Failed(f"{way.title}: {series.accepted.count(True)} of {count} messages accepted\n"
                     + lane.errors())
    return series


def in_a_row(lane, size, progress):
    progress.begin("warm: sessions in a row")
    letter = lane.letter(SMALL)
    def measure(*options):
        return measures.in_turn(lane.ways, size.rounds, progress, lambda way: whole_series(
            lane, way, letter, round(way.in_a_row * size.share), *options))
    found = measure()
    progress.begin("warm: a command at a time")
    steps = measure(STEP_BY_STEP)
    rates = median_of(found, lambda series: series.rate)
    held = {way: theirs for way, theirs in found.items() if way.holder}
    return [
        table.plain("sessions in a row, messages/s", rates),
        judged("  beside ControlMaster", rates, SOCKET, MUX, 5, at_least=True),
        judged("  beside autossh -L", rates, SOCKET, AUTOSSH, 10, at_least=True),
        judged("  beside plain TCP", rates, SOCKET, PLAIN, 0.5, at_least=True),
        table.plain("  a command at a time", median_of(steps, lambda series: series.rate)),
        table.plain("  client CPU, ms a message", median_of(found, lambda series: per_message(
            series, series.cpu)), digits=2),
        table.plain("  CPU of who holds the line", median_of(held, lambda series: per_message(
            series, series.holder_cpu)), digits=2)]


def per_message(series, seconds):
    return 1000 * seconds / len(series.accepted)


def programs(lane, size, progress):
    progress.begin("warm: a process for each message")
    runs = measures.cold(lane, warm.PROGRAMS, size.programs, progress)
    def medians(value):
        return table.medians({rival: [value(run) for run in theirs]
                              for rival, theirs in runs.items()})
    return [table.compared("one message, start to end, ms", medians(lambda run: 1000 * run.wall),
                           BATCH, MUX, 0.6),
            table.plain("  client CPU, ms", medians(lambda run: 1000 * run.cpu)),
            table.plain("  client memory, MB",
                        medians(lambda run: run.octets_resident / MEGABYTE))]


def crowd(lane, way, letter):
    """[Series] of clients who all begin at once, none of whom tries again."""
    gate, opener = os.pipe()
    started = [lane.start_series(way, letter, EACH, gate=gate) for _ in range(CROWD)]
    os.close(gate)
    # Each of them is at the gate by then.
    time.sleep(0.5)
    os.close(opener)
    return [lane.finish_series(one) for one in started]


def crowd_rate(clients):
    seconds = max(one.ended for one in clients) - min(one.began for one in clients if one.began)
    return sum(one.accepted.count(True) for one in clients) / seconds


def crowds(lane, size, progress):
    progress.begin(f"warm: {CROWD} at once")
    letter = lane.letter(SMALL)
    found = measures.in_turn(lane.ways, size.crowds, progress,
                             lambda way: crowd(lane, way, letter))
    failed = {way: max(sum(EACH - one.accepted.count(True) for one in clients)
                       for clients in theirs) for way, theirs in found.items()}
    return [table.plain(f"{CROWD} at once, {EACH} sessions each, messages/s",
                        median_of(found, crowd_rate)),
            table.limited("  messages that did not go through", by_column(failed), SOCKET, 0,
                          digits=0)]


def idle(lane, size, progress):
    """Behind a message over each line, so that all are up and nothing is left to be said."""
    progress.begin("warm: idle")
    lane.warm_up()
    time.sleep(IDLE_BEGINS)
    before = {way: warm.wakeups_of(lane.pids(way)) for way in warm.HOLDERS}
    time.sleep(size.idle)
    wakeups = {way: warm.wakeups_of(lane.pids(way)) - before[way] for way in warm.HOLDERS}
    wake = table.limited(f"idle, wake-ups in {size.idle:.0f} s", by_column(wakeups), SOCKET, 0,
                         digits=0)
    if os.geteuid() != 0:
        return [SKIP_MEMORY, wake]
    memory = {way: warm.octets_of(lane.pids(way)) / MEGABYTE for way in warm.HOLDERS}
    return [table.limited("idle, MB (PSS) of who holds the line", by_column(memory), SOCKET, 12),
            wake]


def trip_of_way(lane, line, way, letter):
    series = whole_series(lane, way, letter, 1)
    return line.flights(series.began, measures.accepted_at(lane, series))


def trip_of_program(lane, line, rival, letter):
    run = measures.one(lane, rival, letter)
    return line.flights(run.began, measures.accepted_at(lane, run))


def trips_on(lane, line, rounds, progress):
    """{column: fewest flights to the 250}: whatever made another round take more was a keepalive."""
    lane.warm_up()
    letter = lane.letter(SMALL)
    measures.one(lane, BATCH, letter)
    def one(way):
        # What is said behind a message, to park the session, is over by then.
        time.sleep(4 * LONG_TRIP)
        if way is BATCH:
            return trip_of_program(lane, line, way, letter)
        return trip_of_way(lane, line, way, letter)
    found = measures.in_turn([*lane.ways, BATCH], rounds, progress, one)
    return by_column({way: min(theirs) for way, theirs in found.items()})


def trips(bench, line, size, progress):
    """The rows, and the lanes that they were measured on."""
    if isinstance(line, str):
        return [f"round trips to the 250: SKIP: {line}"], []
    progress.begin("warm: round trips")
    line.set_round_trip(LONG_TRIP)
    lanes = [WarmLane(bench, line.near, line.prefix, script) for script in ("", "offer CHUNKING")]
    plain, chunking = [trips_on(lane, line, size.trips, progress) for lane in lanes]
    rows = [table.limited("round trips to the 250, parked", plain, SOCKET, 2, digits=0),
            table.limited("  where CHUNKING is offered", chunking, BATCH, 1, digits=0)]
    return rows, lanes


def all_rows(bench, line, size, progress):
    lane = WarmLane(bench)
    lane.warm_up()
    rows = in_a_row(lane, size, progress)
    rows += programs(lane, size, progress)
    # Before the crowds: they leave many parked sessions, which end a minute later.
    rows += idle(lane, size, progress)
    rows += crowds(lane, size, progress)
    more, far_lanes = trips(bench, line, size, progress)
    return rows + more, [lane, *far_lanes]
