"""sshsmd: what wears out neither this machine nor the far one."""

import os
import socket

from keeper_rig import KeptFriend
from registry import case, expect

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
