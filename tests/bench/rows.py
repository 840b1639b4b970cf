"""The rows of the table: each function measures, and says what was asked of sshsm."""

import collections

import line as long_line
import measures
import rivals
import table
import warm_rows
from lane import Lane
from rivals import RECIPE, SSHSM

MEGABYTE = 1e6
MIB = 1 << 20
AT_ONCE = 16


class Size:
    """How much is measured: rounds of each measure, and how large the largest message is."""

    def __init__(self, cold, at_once, large, trips, largest, warm):
        self.cold = cold
        self.at_once = at_once
        self.large = large
        self.trips = trips
        self.largest = largest
        self.warm = warm


FULL = Size(cold=40, at_once=12, large=7, trips=3, largest=1024 * MIB, warm=warm_rows.FULL)
QUICK = Size(cold=8, at_once=3, large=2, trips=1, largest=256 * MIB, warm=warm_rows.QUICK)
# Two lengths of the line: what one more second of it costs holds no computing and no timer.
ROUND_TRIPS = (0.1, 0.3)
HOW_TRIPS_ARE_COUNTED = """\
  Round trips: the client's flights from its SYN until the packet with the 250 is there, counted in
  the packets on a line of {1:.0f} ms between two network namespaces. By time: the shortest time from the
  SYN to that packet, on a line of {1:.0f} ms less that on one of {0:.0f} ms, over the difference."""


def milliseconds(values):
    return {rival: [1000 * value for value in theirs] for rival, theirs in values.items()}


def each(runs, value):
    """{rival: [value(run)]}"""
    return {rival: [value(run) for run in theirs] for rival, theirs in runs.items()}


def cold(lane, size, progress):
    progress.begin("cold deliveries")
    runs = measures.cold(lane, rivals.ALL, size.cold, progress)
    wall = milliseconds(each(runs, lambda run: run.wall))
    cpu = milliseconds(each(runs, lambda run: run.cpu))
    accepted = milliseconds(each(runs, lambda run: measures.accepted_at(lane, run) - run.began))
    memory = each(runs, lambda run: run.octets_resident / MEGABYTE)
    return [
        table.compared("cold, start to end, ms", table.medians(wall), SSHSM, RECIPE, 0.20),
        table.plain("  9 of 10 within",
                    {rival: table.p90(theirs) for rival, theirs in wall.items()}),
        table.plain("  start to acceptance", table.medians(accepted)),
        table.compared("  client CPU, ms", table.medians(cpu), SSHSM, RECIPE, 0.15),
        table.limited("  client memory, MB", table.medians(memory), SSHSM, 10)]


def crowd(lane, size, progress):
    progress.begin(f"{AT_ONCE} at once")
    crowds = measures.at_once(lane, rivals.ALL, AT_ONCE, size.at_once, progress)
    seconds = milliseconds(each(crowds, lambda crowd: crowd.seconds))
    return [table.compared(f"{AT_ONCE} at once, MaxStartups 100, ms", table.medians(seconds), SSHSM,
                           RECIPE, 0.35), attempts_row(crowds)]


def attempts_row(crowds):
    mean = {rival: sum(crowd.attempts for crowd in theirs) / len(theirs)
            for rival, theirs in crowds.items()}
    return table.plain(f"  clients until all {AT_ONCE} were through", mean)


def queue(lane, size, progress):
    """With sshd's own MaxStartups: some are turned away, and a queue tries them again."""
    progress.begin(f"{AT_ONCE} at once, MaxStartups as it comes")
    crowds = measures.at_once(lane, rivals.OVER_SSH, AT_ONCE, size.at_once, progress)
    seconds = milliseconds(each(crowds, lambda crowd: crowd.seconds))
    failures = sum((crowd.failures for crowd in crowds[SSHSM]), collections.Counter())
    attempts = attempts_row(crowds)
    bounced = sum(count for status, count in failures.items() if status != 75)
    attempts.asked = "all through, none bounced"
    attempts.found = f"{bounced} bounced"
    attempts.holds = bounced == 0
    return [table.plain(f"{AT_ONCE} at once, MaxStartups 10:30:100, ms", table.medians(seconds)),
            attempts]


def large(lane, size, progress):
    progress.begin("100 MiB")
    speeds = each(measures.large(lane, rivals.ALL, 100 * MIB, size.large, progress),
                  lambda run: 100 * MIB / run.wall / MEGABYTE)
    progress.begin(f"{size.largest // MIB} MiB")
    largest = measures.large(lane, [SSHSM], size.largest, 1, progress)
    memory = each(largest, lambda run: run.octets_resident / MEGABYTE)
    return [table.compared("100 MiB, MB/s", table.medians(speeds), SSHSM, RECIPE, 1.3, digits=0,
                           at_least=True),
            table.limited(f"client memory, {size.largest // MIB} MiB, MB", table.medians(memory),
                          SSHSM, 16)]


def open_line(bench):
    """A Line, or a text that says why there is none."""
    reason = long_line.why_not()
    if reason:
        return reason
    line = long_line.Line(bench.directory)
    bench.at_end(line.stop)
    return line


def trips(bench, line, size, progress):
    """The rows, and the lanes that they were measured on: one, or none if there can be none."""
    if isinstance(line, str):
        return [f"round trips to the 250: SKIP: {line}"], []
    progress.begin("round trips")
    lane = Lane(bench, rivals.OVER_SSH, ["MaxStartups 100", f"ListenAddress {line.near}"],
                line.near, line.prefix)
    found = measures.round_trips(lane, line, rivals.OVER_SSH, ROUND_TRIPS, size.trips, progress)
    short, long = ROUND_TRIPS
    # The fastest: whatever made another one slower was the machine.
    seconds = {length: {rival: min(trip[0] for trip in theirs) for rival, theirs in runs.items()}
               for length, runs in found.items()}
    slope = {rival: (seconds[long][rival] - seconds[short][rival]) / (long - short)
             for rival in rivals.OVER_SSH}
    flights = each(found[long], lambda trip: trip[1])
    return [table.limited("round trips to the 250", table.medians(flights), SSHSM, 12),
            table.plain("  by time", slope),
            HOW_TRIPS_ARE_COUNTED.format(*(1000 * length for length in ROUND_TRIPS))], [lane]


def account(lanes):
    """The line about all messages, and how many of them were lost or doubled."""
    sums = sum((lane.account.sums() for lane in lanes), collections.Counter())
    return (f"messages: {sums['sent']} sent, {sums['arrived']} arrived whole, {sums['lost']} lost, "
            f"{sums['doubled']} doubled, {sums['unreported']} arrived though called a failure",
            sums["lost"] + sums["doubled"])
