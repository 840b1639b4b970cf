"""sshsmd: how it ends, by whose hand ever."""

import os
import signal
import socket

from keeper_rig import ACCEPTED, ENVELOPE, MESSAGE, WAITS, KeptFriend, served
from registry import case, expect


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
