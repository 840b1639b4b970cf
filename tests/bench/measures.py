"""What is measured of every rival, on one lane or on its counterpart behind a long line."""

import functools
import os
import time

import usage
from far import SinkHost
from rivals import ALL, BLIND, COLD, KEPT, LENIENT, OVER_SSH, SSHSM
from study import MEGABYTE, MIB, SMALL, one, start_together, warm_up, whole_series

AT_ONCE = 16
# How long the answer to the final dot is held back, for somebody to look at who stands there.
HELD = 0.3
LOOK = 0.02
# Those that are begun anew for each message have no row of messages.
ROWS = [rival for rival in ALL if not rival.is_reset]


def deliveries(study, lane):
    study.progress.begin("one message")
    letter, figures = lane.letter(SMALL), study.figures
    def measure(rival):
        run = one(lane, rival, letter)
        figures.add("wall_ms", rival, 1000 * run.wall)
        figures.add("acceptance_ms", rival, 1000 * (lane.accepted_at(run) - run.began))
        if run.octets_resident:
            figures.add("rss_mb", rival, run.octets_resident / MEGABYTE)
        if rival.group == COLD or rival.key == "pipe":
            figures.add("client_cpu_ms", rival, 1000 * run.cpu)
    study.in_turn(ALL, study.size.cold, measure)


def rows(study, lane):
    """Many messages one after another; what the far side uses, since that ends behind a message."""
    study.progress.begin("messages in a row")
    letter, figures, group = lane.letter(SMALL), study.figures, lane.host.group
    if not group:
        study.skip("server CPU", "no control group can be made here")
    def measure(rival):
        count = max(2, round(rival.in_a_row * study.size.share))
        if group:
            before, used = group.pids(), group.seconds()
        series = whole_series(lane, rival, letter, count)
        figures.add("in_a_row", rival, series.rate)
        if rival.holder:
            figures.add("client_cpu_ms", rival, 1000 * series.cpu / count)
        if group and rival.key != "pipe":
            if not rival.holder:
                group.settle(before)
            figures.add("server_cpu_ms", rival, 1000 * (group.seconds() - used) / count)
    study.in_turn(ROWS, study.size.rows, measure)


def crowd(lane, rival, letter, clients, each, seconds=None):
    """(messages/s, how many did not go through, whether time was up) of clients that begin at once."""
    started = start_together(
        lambda _, gate: lane.start_series(rival, letter, each, gate, seconds), range(clients))
    ended = [client.finish() for client in started]
    took = max(one.ended for one in ended) - min(one.began for one in ended if one.began)
    accepted = sum(one.accepted.count(True) for one in ended)
    tried = sum(len(one.accepted) for one in ended)
    return accepted / took, tried - accepted, tried < clients * each


def crowds(study, lane):
    study.progress.begin(f"{AT_ONCE} clients")
    letter = lane.letter(SMALL)
    def measure(rival):
        each = max(1, round(rival.in_a_row * study.size.share / 10))
        rate, missing, _ = crowd(lane, rival, letter, AT_ONCE, each)
        study.figures.add("sixteen", rival, rate)
        if missing:
            study.notes.append(f"{rival.title}: {missing} of {AT_ONCE * each} messages of {AT_ONCE} "
                               "clients were not accepted")
    study.in_turn(ROWS, study.size.crowds, measure)


def large(study, lane):
    study.progress.begin(f"{study.size.large_octets // MIB} MiB")
    letter = lane.letter(study.size.large_octets, "large")
    def measure(rival):
        run = one(lane, rival, letter)
        study.figures.add("mb_s", rival, letter.octets / run.wall / MEGABYTE)
        study.figures.add("large_rss_mb", rival, run.octets_resident / MEGABYTE)
    try:
        study.in_turn(ROWS, study.size.large, measure)
    finally:
        os.unlink(letter.path)


# --- while the message is on its way ---

class HoldingHost(SinkHost):
    """Holds the answer to the final dot back. `quiet` are those who are there without any mail."""

    def __init__(self, bench):
        super().__init__(bench, script=f"delay dot {HELD}\n")
        for script in ("", LENIENT):
            self.listener(script)
        self.quiet = self.group.pids() if self.group else set()


def look_at(study, lane, rival):
    """Watches the client's processes, and those that came at the far side, until the end."""
    memory, near, far = 0, 0, 0
    client = lane.start(rival, lane.letter(SMALL))
    while client.is_at_work():
        pids = usage.descendants_of(client.pid) if not rival.is_socket else []
        pids += lane.pids(rival)
        memory = max(memory, usage.shared_memory_of(pids))
        near = max(near, len(pids))
        if lane.host.group:
            far = max(far, len(lane.host.group.pids() - lane.host.quiet))
        time.sleep(LOOK)
    client.finish()
    if memory and study.is_root:
        study.figures.add("pss_mb", rival, memory / MEGABYTE)
    if near:
        study.figures.add("processes", rival, near)
    if lane.host.group:
        study.figures.add("far_processes", rival, far)


def held(study):
    """On lanes of their own, one for each, since a line that another holds has processes there,
    too."""
    study.progress.begin("memory and processes")
    if not study.is_root:
        study.skip("PSS", "whose memory it is needs root")
    def measure(rival):
        with study.lane([rival], HoldingHost) as lane:
            if rival.holder:
                warm_up(lane)
            look_at(study, lane, rival)
    study.in_turn(ALL, study.size.held, measure)


# --- round trips ---

def trip(study, lane, line, letter, measure, rival):
    # What is said behind a message, to park the session, is over by then.
    time.sleep(4 * study.size.long_trip)
    run = one(lane, rival, letter)
    accepted = lane.accepted_at(run)
    if rival.holder and not rival.is_reset:
        study.figures.add(measure, rival, line.flights(run.began, accepted))
        return
    first, flights = line.trip(run.began, accepted)
    study.figures.add(measure, rival, flights)
    if rival.kind != "tcp":
        study.figures.add("start_up_ms", rival, 1000 * (first - run.began))


def trips(study, line):
    """Flights of the clients until the 250 is there."""
    study.progress.begin("round trips")
    for rivals, script, measure in ((OVER_SSH, "", "trips"),
                                    ([SSHSM, KEPT], "offer CHUNKING\n", "trips_bdat")):
        line.set_round_trip(0)
        with study.lane(rivals, functools.partial(SinkHost, line=line, script=script)) as lane:
            warm_up(lane)
            line.set_round_trip(study.size.long_trip)
            letter = lane.letter(SMALL)
            study.in_turn(rivals, study.size.trips, functools.partial(
                trip, study, lane, line, letter, measure))
            # The ends of the sessions must not wait for answers from far away.
            line.set_round_trip(0)


# --- what happens to a queue run, and when nothing happens ---

MAX_WAVES = 40


def queue_run(study, lane, rival):
    """All at once; those that failed are tried again, as from a queue: seconds, and the statuses of
    those that failed."""
    letters = [lane.letter(SMALL, f"letter{number}") for number in range(AT_ONCE)]
    clients = start_together(lambda letter, gate: lane.start(rival, letter, gate), letters)
    failures, began, waves = [], float("inf"), 0
    while letters and waves < MAX_WAVES:
        runs = [client.finish() for client in clients]
        began = min([began] + [run.began for run in runs])
        failures += [run.status for run in runs if not run.is_accepted]
        letters = [letter for letter, run in zip(letters, runs) if not run.is_accepted]
        clients = [lane.start(rival, letter, is_again=True) for letter in letters]
        waves += 1
    study.figures.add("queue_ms", rival, 1000 * (max(run.ended for run in runs) - began))
    study.figures.add("queue_failures", rival, len(failures))
    study.figures.add("queue_bounces", rival, sum(status != 75 for status in failures))


def queues(study, rivals):
    """With sshd's own MaxStartups."""
    study.progress.begin("MaxStartups as it comes")
    default = functools.partial(SinkHost, options=("MaxStartups default",))
    with study.lane(rivals, default) as lane:
        study.in_turn(rivals, study.size.queue, functools.partial(queue_run, study, lane))


def blindly(study):
    """What becomes of batch SMTP that is said to a mail server as strict as sendmail 8.17."""
    study.progress.begin("batch SMTP, blindly")
    with study.lane([BLIND], SinkHost) as lane:
        letter = lane.letter(SMALL)
        statuses = {lane.run(BLIND, letter).status for _ in range(study.size.trips)}
    # What it loses is no fault of this run.
    sums = study.sums.pop(BLIND.key)
    study.notes.append(
        f"{BLIND.title}, with batch SMTP into a mail server that is as strict as sendmail 8.17: of "
        f"{sums['sent']} messages {sums['arrived']} arrived; exit status "
        + ", ".join(str(one) for one in sorted(statuses)))


def idle(study, lane, rivals):
    """Behind a message over each line, so that all are up and nothing is left to be said."""
    study.progress.begin("idle lines")
    letter = lane.letter(SMALL)
    for rival in rivals:
        one(lane, rival, letter)
    time.sleep(1.0)
    before = {rival: usage.wakeups_of(lane.pids(rival)) for rival in rivals}
    time.sleep(study.size.idle)
    for rival in rivals:
        study.figures.add("idle_wakeups", rival, usage.wakeups_of(lane.pids(rival)) - before[rival])
        if study.is_root:
            study.figures.add("idle_pss_mb", rival,
                              usage.shared_memory_of(lane.pids(rival)) / MEGABYTE)
