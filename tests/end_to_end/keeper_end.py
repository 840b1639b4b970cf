"""sshsmd: how it ends, by whose hand ever."""

import os
import signal
import socket
import time

from fault_proxy import FaultProxy
from keeper_rig import ACCEPTED, ENVELOPE, MAIL, MESSAGE, WAITS, KeptFriend, kill, served
from registry import case, expect

GONE = f"the keeper lost its attendant; start it again, unless a supervisor does; {WAITS}"
SILENT = f"no answer in time: the keeper's attendant; {WAITS}"


@case
def a_stop_finishes_what_is_in_flight(bench):
    kept = KeptFriend(bench)
    idle, busy = kept.greeted(), kept.greeted()
    busy.follow(*ENVELOPE)
    kept.signal(signal.SIGTERM)
    expect(idle.hear(), [kept.refusal(421, f"4.3.2 stopped by a signal; {WAITS}")], "what an idle client is told")
    expect(idle.hear(), [], "and no more")
    busy.follow((MESSAGE, ACCEPTED))
    expect(busy.hear(), [kept.refusal(421, f"4.3.2 stopped by a signal; {WAITS}")], "what he is told then")
    kept.ends(0)
    kept.delivers(1)
    expect(kept.friend.transcript().endswith(MESSAGE + b"QUIT\r\n"), True, "QUIT was said")


@case
def an_idle_keeper_stops_at_once(bench):
    kept = served(KeptFriend(bench))
    kept.signal(signal.SIGTERM)
    kept.ends(0, 5)
    bench.wait_until(lambda: not kept.sinks(), "the mail server has ended")


@case
def a_stop_ends_a_dial_that_goes_on(bench):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        kept = KeptFriend(bench, port=str(silent.getsockname()[1]))
        kept.pin_any_port()
        client = kept.speaker()
        bench.pause(0.3)
        kept.signal(signal.SIGTERM)
        expect(client.hear(), [kept.refusal(421, f"4.3.2 stopped by a signal; {WAITS}")], "what he is told")
        kept.ends(0, 5)


@case
def a_stop_ends_a_dial_that_gets_on(bench):
    """The stop and an answer of the host come together."""
    with FaultProxy(bench.rig.sshd.port, "down", split_at=500, pause=0.5) as proxy:
        kept = KeptFriend(bench, port=str(proxy.port), persistent="yes")
        kept.pin_any_port()
        bench.wait_until(lambda: proxy.passed["down"] > 500, "the handshake")
        kept.signal(signal.SIGSTOP)
        bench.pause(0.7)
        kept.signal(signal.SIGTERM)
        kept.signal(signal.SIGCONT)
        kept.ends(0, 5)
        expect("line up" in kept.said(), False, "a line behind the stop")


@case
def a_keeper_killed_with_9_loses_no_accepted_message(bench):
    kept = KeptFriend(bench)
    client, other = kept.greeted(), kept.greeted()
    other.follow(*ENVELOPE)
    client.send_letter()
    kept.signal(signal.SIGKILL)
    expect(other.hear(), [], "no answer")
    kept.ends(-9)
    bench.wait_until(lambda: not kept.sinks(), "the mail servers have ended")
    kept.delivers(1)


@case
def its_sockets_go_with_it_and_another_one_can_begin(bench):
    kept = KeptFriend(bench)
    for number, status in ((signal.SIGTERM, 0), (signal.SIGKILL, -9)):
        kept.greeted().send_letter()
        kept.signal(number)
        kept.ends(status)
        bench.wait_until(lambda: not os.path.exists(kept.path), "the socket is gone")
        kept.start()
    kept.greeted().send_letter()
    kept.delivers(3)


def ends_for_want_of_an_attendant(kept):
    """With a sentence for whoever started it, on standard error and in the log."""
    kept.ends(75)
    line = f"4.3.0 sshsmd: friend: {GONE}"
    expect(kept.said().splitlines()[-1], line, "the last line of standard error")
    expect(kept.log()[-1], line, "the last line of the log")
    kept.rig.provoked.add("attendant-gone")
    kept.rig.compared.add("attendant-gone")


@case
def a_keeper_whose_attendant_is_killed_finishes_what_is_in_flight_and_ends(bench):
    kept = KeptFriend(bench)
    idle, busy = kept.greeted(), kept.greeted()
    busy.follow(*ENVELOPE)
    kill(kept.attendants())
    told = kept.refusal(421, f"4.3.0 {GONE}")
    expect(idle.hear(), [told], "what an idle client is told")
    expect(idle.hear(), [], "and no more")
    busy.follow((MESSAGE, ACCEPTED))
    expect(busy.hear(), [told], "what he is told then")
    kept.delivers(1)
    ends_for_want_of_an_attendant(kept)
    bench.wait_until(lambda: not kept.sinks(), "the mail server has ended")


@case
def a_keeper_whose_attendant_is_killed_while_it_dials_says_so_and_ends(bench):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        kept = KeptFriend(bench, port=str(silent.getsockname()[1]))
        kept.pin_any_port()
        client = kept.speaker()
        bench.pause(0.3)
        kill(kept.attendants())
        expect(client.hear(), [kept.refusal(421, f"4.3.0 {GONE}")], "what he is told")
        ends_for_want_of_an_attendant(kept)


@case
def a_keeper_without_a_line_whose_attendant_is_killed_ends_at_once(bench):
    kept = KeptFriend(bench)
    # The sockets are there before he is.
    bench.wait_until(kept.attendants, "the attendant is there")
    kill(kept.attendants())
    ends_for_want_of_an_attendant(kept)


def stop_attendant(kept):
    for pid in kept.attendants():
        os.kill(pid, signal.SIGSTOP)


@case
def an_attendant_who_does_not_answer_is_named_and_heard_again_when_he_does(bench):
    kept = served(KeptFriend(bench))
    running, other = kept.greeted(), kept.greeted()
    kept.log()
    stop_attendant(kept)
    began = time.monotonic()
    told = kept.refusal(421, f"4.4.2 {SILENT}")
    expect(running.ask(MAIL), [told], "what he is told")
    expect(9 < time.monotonic() - began < 13, True, f"after {time.monotonic() - began:.1f} s")
    began = time.monotonic()
    expect(other.ask(MAIL), [told], "what the next one is told")
    expect(time.monotonic() - began < 1, True, "at once")
    expect(kept.log()[-1], f"friend: {SILENT}", "the last line of the log")
    expect(kept.log().count(f"friend: {SILENT}"), 1, "times that it was told")
    for pid in kept.attendants():
        os.kill(pid, signal.SIGCONT)
    running.quit()
    bench.pause(0.2)
    kept.greeted().send_letter()
    kept.delivers(2)
    expect(kept.said().count("logged in as"), 1, "logins")


@case(long=True)
def a_dial_that_the_attendant_does_not_begin_is_told_of_in_a_minute(bench):
    kept = KeptFriend(bench)
    bench.wait_until(kept.attendants, "the attendant is there")
    stop_attendant(kept)
    expect(kept.speaker().hear(70), [kept.refusal(421, f"4.4.2 {SILENT}")], "what he is told")
    expect(kept.log()[-1], f"friend: {SILENT}", "the last line of the log")
