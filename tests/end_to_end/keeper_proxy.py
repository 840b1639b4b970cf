"""sshsmd with a proxy-command: the program lives as long as the line, and no longer."""

import os
import signal

from keeper_rig import ENVELOPE, KeptFriend, kill
from proxy_command import RELAY, STUBBORN, befriended, is_gone, processes_with
from registry import case, expect


def proxied(bench, text=RELAY, **settings):
    kept = KeptFriend(bench, friend=befriended(bench, text), **settings)
    kept.program = kept.friend.directory + "/proxy"
    return kept


@case
def messages_go_over_one_line_of_a_proxy_command(bench):
    kept = proxied(bench)
    kept.log()
    for _ in range(3):
        kept.greeted().send_letter()
    kept.delivers(3)
    expect(len(processes_with(kept.program)), 1, "programs at work")
    expect(kept.log()[1], f"friend: line up: 127.0.0.1[proxy]:{kept.friend.sshd.port}", "the log")


@case
def a_proxy_command_ends_with_its_line(bench):
    kept = proxied(bench, STUBBORN, linger="0", linger_jitter="0")
    for count in (1, 2):
        client = kept.greeted()
        client.send_letter()
        expect(len(processes_with(kept.program)), 1, "programs at work")
        client.quit()
        is_gone(bench, kept.friend, 8)
        kept.delivers(count)


@case
def a_proxy_command_ends_with_the_keeper_however_he_ends(bench):
    for number, status in ((signal.SIGTERM, 0), (signal.SIGKILL, -9)):
        kept = proxied(bench, STUBBORN)
        kept.greeted().send_letter()
        expect(len(processes_with(kept.program)), 1, "programs at work")
        kept.signal(number)
        kept.ends(status)
        is_gone(bench, kept.friend, 8)
        kept.delivers(1)


@case
def a_proxy_command_ends_with_a_keeper_who_is_killed_while_it_connects(bench):
    kept = proxied(bench, "#!/bin/sh\ntrap '' TERM HUP INT\nwhile :; do sleep 1; done\n")
    kept.speaker()
    bench.wait_until(lambda: processes_with(kept.program), "it runs")
    kept.signal(signal.SIGKILL)
    kept.ends(-9)
    is_gone(bench, kept.friend, 8)


@case
def a_proxy_command_that_is_killed_costs_no_message(bench):
    kept = proxied(bench)
    busy = kept.greeted()
    busy.follow(*ENVELOPE)
    kill(processes_with(kept.program))
    bench.wait_until(lambda: "line down" in kept.said(), "it is noticed")
    busy.say("Subject: half\r\n.\r\n")
    expect(busy.hear()[0][:9], "451 4.4.2", "what he is told")
    kept.friend.received_nothing()
    kept.greeted().send_letter()
    kept.delivers(1)
    expect(len(processes_with(kept.program)), 1, "programs at work")


@case
def a_proxy_command_that_fails_is_told_with_its_last_words(bench):
    kept = proxied(bench, "#!/bin/sh\necho >&2 'no route to the jump host'; exit 3\n")
    expect(kept.speaker().hear(), [kept.refusal(
        421, "4.4.1 proxy-command led to no SSH server: exit status 3; run it as the mail user to see why; then "
             'try: sshsmctl check friend: "no route to the jump host"')], "the greeting")
    expect(processes_with(kept.program), [], "programs at work")
    expect(os.path.exists(kept.path), True, "the keeper still listens")
