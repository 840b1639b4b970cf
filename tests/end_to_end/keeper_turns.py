"""sshsmd: how often a message must go there and back on a line that is up."""

import json
import time

from friend import LETTER, ONE, canonical
from keeper_rig import ACCEPTED, DATA, GO_AHEAD, MAIL, MESSAGE, RCPT, RECIPIENT_OK, SENDER_OK, KeptFriend
from keeper_status import ask
from long_line import LongLine
from registry import case, expect

ROUND_TRIP = 0.2
CHUNKING = "offer CHUNKING"


def far_friend(bench, script="", **settings):
    """(A keeper at his meeting place, the long line to his friend), with a mail server parked."""
    line = LongLine(bench, bench.rig.sshd.port, ROUND_TRIP)
    kept = KeptFriend(bench, script, is_started=False, is_met=True, port=str(line.port), **settings)
    kept.friend.settings["metrics-file"] = kept.friend.path("metrics")
    kept.friend.write_configuration()
    kept.pin_any_port()
    kept.start()
    first = kept.speaker()
    expect(first.hear(30)[0][:4], "220 ", "the greeting")
    bench.wait_until(lambda: kept.status()["parked"] == 1, "a mail server is parked")
    # What the first session may have left on the way has arrived.
    bench.pause(2 * ROUND_TRIP)
    return kept, line


def turns_of(kept, line, send):
    began = time.monotonic()
    send()
    seconds = time.monotonic() - began
    flights = line.flights(began)
    # What is counted was waited for; how much longer it took is the machine's.
    expect(seconds >= flights * ROUND_TRIP, True, f"{flights} round trips in {seconds:.3f} s")
    kept.delivers(1)
    expect(kept.friend.messages(), [canonical(LETTER)], "the message")
    return flights


def say_in_one_breath(kept):
    client = kept.speaker()
    expect(client.hear()[0][:4], "220 ", "the greeting")
    client.ask("EHLO client.example")
    client.say("\r\n".join([MAIL, RCPT, DATA]) + "\r\n")
    for answer in (SENDER_OK, RECIPIENT_OK, GO_AHEAD):
        expect(client.hear(), [answer], "an answer")
    client.follow((MESSAGE, ACCEPTED))


@case
def a_batch_to_a_mail_server_with_chunking_takes_one_round_trip(bench):
    kept, line = far_friend(bench, CHUNKING)
    expect(turns_of(kept, line, lambda: kept.friend.send(ONE).is_accepted()), 1, "round trips")


@case
def a_batch_to_a_mail_server_without_takes_two(bench):
    kept, line = far_friend(bench)
    expect(turns_of(kept, line, lambda: kept.friend.send(ONE).is_accepted()), 2, "round trips")


@case
def a_client_of_a_listener_takes_two_with_either(bench):
    for script in ("", CHUNKING):
        kept, line = far_friend(bench, script)
        expect(turns_of(kept, line, lambda: say_in_one_breath(kept)), 2, f"round trips with {script!r}")


@case
def the_first_round_trip_is_measured_and_told(bench):
    kept, _ = far_friend(bench)
    bench.wait_until(lambda: kept.status()["round_trip"] is not None, "it is measured")
    seconds = kept.status()["round_trip"]
    expect(ROUND_TRIP <= seconds < 2 * ROUND_TRIP, True, f"the round trip, {seconds} s")
    out, _ = ask(kept.friend, "friend")
    expect(f"\n  round trip: {int(seconds * 1000)} ms\n" in out, True, out)
    out, _ = ask(kept.friend, "friend", "--json")
    expect(json.loads(out)["round_trip"], seconds, "in JSON")
    bench.wait_until(lambda: f"\nsshsm_round_trip_seconds{{destination=\"friend\"}} {seconds:.6f}\n" in
                     text_of(kept.friend.path("metrics")), "it is in the metrics file")


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


@case
def a_host_that_is_never_asked_has_no_round_trip(bench):
    kept, _ = far_friend(bench, server_alive_interval="0")
    bench.pause(2 * ROUND_TRIP)
    expect(kept.status()["round_trip"], None, "the round trip")
