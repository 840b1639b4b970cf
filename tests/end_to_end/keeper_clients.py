"""sshsmd: clients who mean harm, or know no better, beside a good one."""

import resource
import socket
import time

from keeper_rig import (ACCEPTED, CLOSING, DATA, ENVELOPE, GO_AHEAD, GREETING, MAIL, MESSAGE, RCPT, RECIPIENT_OK,
                        SENDER_OK, KeptFriend)
from registry import Skip, case, expect

FULL = ("421 4.3.1 sshsm: friend: this machine has no resources left: 1000 clients; the mail waits in the "
        "queue")


def is_served_well(kept, count=5):
    """A good client's letters go through, none of them late."""
    client = kept.greeted()
    for _ in range(count):
        began = time.monotonic()
        client.send_letter()
        seconds = time.monotonic() - began
        expect(seconds < 2, True, f"a letter in time ({seconds:.2f} s)")
    client.quit()


def pour(client, piece, octets):
    """Sends until so much is gone or he takes no more."""
    client.socket.settimeout(0.5)
    sent = 0
    try:
        while sent < octets:
            sent += client.socket.send(piece)
    except OSError:
        pass
    client.socket.settimeout(None)
    return sent


@case
def a_client_who_floods_with_commands_and_reads_nothing(bench):
    kept = KeptFriend(bench)
    bad = kept.greeted()
    pour(bad, b"NOOP\r\n" * 1000, 50_000_000)
    is_served_well(kept)
    kept.stays_small()


@case
def a_client_who_floods_with_messages_and_reads_nothing(bench):
    kept = KeptFriend(bench, max_sessions="2", max_connections="1")
    bad = kept.greeted()
    letter = "\r\n".join([MAIL, RCPT, DATA]).encode() + b"\r\n" + MESSAGE
    pour(bad, letter * 50, 20_000_000)
    is_served_well(kept)
    kept.stays_small()


@case
def a_client_with_a_line_of_ten_megabytes(bench):
    kept = KeptFriend(bench)
    bad = kept.greeted()
    sent = pour(bad, b"x" * 100_000, 10_000_000)
    expect(sent >= 10_000_000, True, "all of it was taken")
    is_served_well(kept)
    expect(bad.ask(b"\r\n"), ["451 4.5.2 sshsm: friend (127.0.0.1): this command line is too long"], "the answer")
    bad.send_letter()
    kept.stays_small()


@case
def a_client_who_says_one_octet_at_a_time(bench):
    kept = KeptFriend(bench)
    bad = kept.greeted()
    for octet in (MAIL + "\r\n" + RCPT + "\r\n" + DATA + "\r\n"):
        bad.say(octet)
    for answer in (SENDER_OK, RECIPIENT_OK, GO_AHEAD):
        expect(bad.hear(), [answer], "an answer")
    for octet in MESSAGE:
        bad.say(bytes([octet]))
    is_served_well(kept)
    expect(bad.hear(), [ACCEPTED], "the answer to his message")
    kept.delivers(6)


@case
def a_large_message_that_nobody_takes_quickly(bench):
    kept = KeptFriend(bench, "stall inside 300000")
    bad = kept.greeted()
    bad.follow(*ENVELOPE)
    pour(bad, b"y" * 998 + b"\r\n", 30_000_000)
    kept.stays_small()
    expect(bad.is_silent(0.2), True, "no answer")


@case
def a_client_who_talks_before_he_is_greeted(bench):
    kept = KeptFriend(bench)
    bad = kept.speaker()
    bad.say(f"EHLO x\r\n{MAIL}\r\n{RCPT}\r\nDATA\r\n".encode() + MESSAGE + b"QUIT\r\n")
    answers = [bad.hear() for _ in range(7)]
    expect([lines[-1] for lines in answers[2:]], [SENDER_OK, RECIPIENT_OK, GO_AHEAD, ACCEPTED, CLOSING], "the answers")
    kept.delivers(1)


@case
def clients_who_leave_at_once(bench):
    kept = KeptFriend(bench)
    for _ in range(30):
        kept.speaker().close()
    is_served_well(kept)


@case
def a_client_who_is_silent_too_long_is_421(bench):
    kept = KeptFriend(bench, idle_timeout="1")
    client = kept.greeted()
    expect(client.hear(), [kept.refusal(421, "4.4.2 no answer in time: the client said nothing for 1 s; the mail "
                                             "waits in the queue")], "what he is told")
    client.quit()
    late = kept.greeted()
    late.follow(*ENVELOPE)
    late.say("half")
    expect(late.hear(), [kept.refusal(421, "4.4.2 no answer in time: the client said nothing for 1 s; the mail "
                                           "waits in the queue")], "what he is told in a message")
    kept.friend.received_nothing()


@case
def a_client_who_holds_the_line_in_a_message_gives_way_to_those_who_wait(bench):
    kept = KeptFriend(bench, max_sessions="1", max_connections="1", wait_timeout="60")
    bad, good = kept.greeted(), kept.greeted()
    bad.follow(*ENVELOPE)
    good.say(MAIL + "\r\n")
    expect(good.hear(40), [SENDER_OK], "the answer when it is his turn")
    expect(bad.hear(), [kept.refusal(421, "4.4.2 no answer in time: others wait for this session; the mail waits in "
                                          "the queue")], "what the other is told")


@case(alone=True)
def the_client_behind_the_thousandth_is_told_421_and_the_status_is_told_all_the_same(bench):
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit[1] != resource.RLIM_INFINITY and limit[1] < 2100:
        raise Skip(f"no more than {limit[1]} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))
    bench.at_end(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limit))
    kept = KeptFriend(bench, is_met=True)
    clients = [kept.speaker() for _ in range(1000)]
    for client in clients:
        expect(client.hear(), [GREETING], "the greeting")
    expect(kept.speaker().hear(), [FULL], "what one more is told")
    status = kept.status()
    expect((status["clients"], status["clients_served"]), (1000, 1000), "clients in the status")
    clients[0].quit()
    kept.greeted().send_letter()
