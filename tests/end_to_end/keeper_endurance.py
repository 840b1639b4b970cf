"""sshsmd: what wears out neither this machine nor the far one."""

import os
import socket

from keeper_rig import ACCEPTED, ENVELOPE, MAIL, MESSAGE, SENDER_OK, KeptFriend
from registry import case, expect

# A mail server who has room for one session, and counts who comes.
ROOM_FOR_ONE = """#!/bin/sh
echo once >> {counted}
exec 9>> {lock}
if flock -n 9; then exec {sink}; fi
printf '421 4.7.0 no room\\r\\n'
"""


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
