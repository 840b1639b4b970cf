"""sshsmd: what wears out neither this machine nor the far one."""

import os
import signal
import socket
import threading
import time

from keeper_rig import ACCEPTED, ENVELOPE, MAIL, MESSAGE, SENDER_OK, KeptFriend
from registry import Skip, case, expect
from servers import free_port, pass_on

# A mail server who has room for one session, and counts who comes.
ROOM_FOR_ONE = """#!/bin/sh
echo once >> {counted}
exec 9>> {lock}
if flock -n 9; then exec {sink}; fi
printf '421 4.7.0 no room\\r\\n'
"""
NOBODY = "connected, but no SSH server answered"
ONE_IS_LATE = "421 4.4.5 sshsm: friend (127.0.0.1): no session became free in time"


def seconds_at_work(pid):
    """Of the processor, from its start on."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rests(bench, kept):
    began = seconds_at_work(kept.process.pid)
    bench.pause(1)
    worked = seconds_at_work(kept.process.pid) - began
    expect(worked < 0.1, True, f"at rest ({worked:.2f} s of work in 1 s)")


@case
def a_client_who_takes_no_answers_and_stays(bench):
    kept = KeptFriend(bench)
    client = kept.greeted()
    client.socket.shutdown(socket.SHUT_RD)
    client.say("NOOP\r\n")
    bench.pause(0.2)
    rests(bench, kept)
    kept.greeted().send_letter()
    kept.delivers(1)


@case
def clients_for_whom_there_is_no_descriptor_wait_for_one(bench):
    kept = KeptFriend(bench, is_started=False)
    kept.start("prlimit", "--nofile=50")
    kept.greeted()
    clients = [kept.speaker() for _ in range(50)]
    bench.pause(0.5)
    waiting = [client for client in clients if client.is_silent(0)]
    expect(0 < len(waiting) < 50, True, f"{len(waiting)} clients wait")
    rests(bench, kept)
    for client in clients:
        if client not in waiting:
            client.close()
    waiting[-1].greet().send_letter()
    kept.delivers(1)


@case
def a_client_whose_turn_is_due_sooner_than_that_of_one_before_him(bench):
    kept = KeptFriend(bench, max_sessions="1", max_connections="1", wait_timeout="60")
    busy, patient, hasty = kept.greeted(), kept.greeted(), kept.greeted()
    busy.follow(*ENVELOPE)
    patient.say(MAIL + "\r\n")
    bench.pause(0.2)
    kept.friend.settings["wait-timeout"] = "1"
    kept.friend.write_configuration()
    kept.signal(signal.SIGHUP)
    bench.wait_until(lambda: "read anew" in kept.said(), "the configuration is read")
    expect(hasty.ask(MAIL)[0].startswith(ONE_IS_LATE), True, "the one behind him is told")
    rests(bench, kept)
    busy.follow((MESSAGE, ACCEPTED))
    expect(patient.hear(), [SENDER_OK], "the other one's turn comes")


@case
def a_client_whose_mail_server_hangs_up_with_421_may_say_quit(bench):
    kept = KeptFriend(bench, "reply MAIL 421 4.3.2 going down")
    client = kept.greeted()
    client.follow((MAIL, "421 4.3.2 going down"))
    client.quit()


@case
def a_client_without_a_line_is_not_waited_for_long(bench):
    kept = KeptFriend(bench, "reply MAIL 421 4.3.2 going down")
    client = kept.greeted()
    client.follow((MAIL, "421 4.3.2 going down"))
    began = time.monotonic()
    while time.monotonic() - began < 9:
        expect(client.is_silent(0.5), True, "nothing is said")
        kept.greeted().close()
    expect(client.hear(4), [], "he is hung up on behind ten seconds")


def friend_with_room_for_one(bench):
    store = bench.friend()
    script = store.path("room_for_one")
    with open(script, "w", encoding="utf-8") as file:
        file.write(ROOM_FOR_ONE.format(counted=store.path("counted"), lock=store.path("lock"),
                                       sink=" ".join(store.sink_command())))
    os.chmod(script, 0o755)
    return store, bench.friend(command=script)


@case
def a_mail_server_with_room_for_one_is_not_asked_again_and_again(bench):
    store, friend = friend_with_room_for_one(bench)
    kept = KeptFriend(bench, friend=friend, max_connections="1")
    first, second = kept.greeted(), kept.greeted()
    first.follow(*ENVELOPE)
    second.say(MAIL + "\r\n")
    bench.pause(1.5)
    with open(store.path("counted"), encoding="ascii") as file:
        expect(len(file.readlines()), 2, "sessions that were tried")
    first.follow((MESSAGE, ACCEPTED))
    expect(second.hear(), [SENDER_OK], "his turn comes")


@case
def a_host_that_takes_one_login_at_a_time_is_dialled_one_line_behind_the_other(bench):
    sshd = bench.sshd(["MaxStartups 1:100:1"])
    kept = KeptFriend(bench, sshd=sshd, max_sessions="1", max_connections="5")
    clients = [kept.greeted() for _ in range(5)]
    for client in clients:
        client.say(MAIL + "\r\n")
    for client in clients:
        expect(client.hear(), [SENDER_OK], "the answer to each")
    expect(kept.said().count("logged in as"), 5, "logins")
    expect("cannot connect" in kept.said() or "no SSH server" in kept.said(), False, "failures")


@case
def a_host_that_takes_no_more_logins_is_left_alone_for_a_while(bench):
    """Somebody else's connection is the one that MaxStartups allows."""
    sshd = bench.sshd(["MaxStartups 1:100:1"])
    kept = KeptFriend(bench, sshd=sshd)
    with socket.create_connection(("127.0.0.1", sshd.port)) as occupier:
        expect(occupier.recv(4), b"SSH-", "his banner")
        began = time.monotonic()
        while time.monotonic() - began < 6:
            client = kept.speaker()
            answer = client.hear()
            expect(answer[0].startswith(f"421 4.4.1 sshsm: friend (127.0.0.1): {NOBODY}"), True, f"{answer}")
            client.close()
            bench.pause(0.05)
    # Pauses are from 1 to 2 s behind the first failure, from 2 to 4 and from 4 to 8 behind those after it.
    expect(2 <= kept.said().count(f" * {NOBODY}") <= 4, True, "attempts")
    bench.wait_until(kept.greets, "the line is up", 12)
    kept.greeted().send_letter()
    kept.delivers(1)


@case
def a_host_that_punishes_a_failed_login_takes_mail_when_that_is_over(bench):
    if not bench.rig.sshd.has_penalties():
        raise Skip("this sshd has no PerSourcePenalties")
    sshd = bench.sshd(["PerSourcePenalties authfail:5s min:1s max:10s"])
    kept = KeptFriend(bench, sshd=sshd, user="nobody-there")
    expect(kept.speaker().hear()[0][:9], "421 4.7.8", "the failed login")
    kept.friend.settings["user"] = kept.rig.login
    kept.friend.write_configuration()
    bench.wait_until(kept.greets, "the line is up", 40)
    kept.greeted().send_letter()
    kept.delivers(1)


class Door:
    """A port that leads to another one while it is open."""

    def __init__(self, bench, to):
        self.port = free_port()
        self._to = to
        self._open = []
        bench.at_end(self.close)

    def open(self):
        listener = socket.create_server(("127.0.0.1", self.port))
        self._open.append(listener)
        threading.Thread(target=self._serve, args=(listener,), daemon=True).start()

    def close(self):
        for one in self._open:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
        self._open = []

    def _serve(self, listener):
        try:
            near = listener.accept()[0]
            far = socket.create_connection(("127.0.0.1", self._to))
        except OSError:
            return
        self._open += [near, far]
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=pass_on, args=(one, other), daemon=True).start()


def refused_for(bench, kept):
    """How long nobody dials behind a failure, measured from it."""
    began = time.monotonic()
    failures = kept.said().count("cannot connect")
    while kept.said().count("cannot connect") == failures:
        client = kept.speaker()
        client.hear()
        client.close()
        bench.pause(0.05)
    return time.monotonic() - began


@case
def a_line_that_came_up_lets_the_next_failure_be_a_first_one(bench):
    """Pauses are from 1 to 2 s behind the first failure, from 2 to 4 and from 4 to 8 behind those after it."""
    door = Door(bench, bench.rig.sshd.port)
    kept = KeptFriend(bench, port=str(door.port), linger="0", linger_jitter="0")
    kept.pin_any_port()
    for _ in range(3):
        refused_for(bench, kept)
    door.open()
    bench.wait_until(kept.greets, "the line is up", 10)
    door.close()
    bench.wait_until(lambda: not kept.has_line(), "it is lost")
    refused_for(bench, kept)
    expect(refused_for(bench, kept) < 2.5, True, "a short pause")
