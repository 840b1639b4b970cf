"""The line that tells a person at a terminal how far a large message is."""

import os
import pty
import re
import select
import signal

from friend import ONE, batch
from registry import case, expect

BIG = batch("<alice@here.example>", ["<bob@friend.example>"], b"x" * 72 + b"\n" + (b"y" * 76 + b"\n") * 60000)
LINE = re.compile(rb"\rsent \d+\.\d MB, \d+\.\d MB/s")


def sent_from_a_terminal(bench, friend, stdin, *options):
    """(the result, everything that the terminal was told)"""
    controller, terminal = pty.openpty()
    try:
        result = friend.send(stdin, *options, stderr=terminal)
        told = b""
        while select.select([controller], [], [], 0.05)[0]:
            told += os.read(controller, 65536)
    finally:
        os.close(controller)
        os.close(terminal)
    return result, told


def screen(told):
    """What stands on the screen in the end."""
    lines = []
    for line in told.split(b"\n"):
        shown = ""
        for words in line.decode().split("\r"):
            shown = words + shown[len(words):]
        lines.append(shown.rstrip())
    return lines


@case
def a_large_message_shows_how_far_it_is_and_leaves_nothing(bench):
    friend = bench.friend()
    result, told = sent_from_a_terminal(bench, friend, BIG)
    result.has_status(0)
    expect(LINE.match(told) is not None, True, f"the line in {told!r}")
    expect(screen(told), [""], "the screen in the end")


@case
def the_diagnosis_stands_alone(bench):
    friend = bench.friend("reply dot 552 5.3.4 too big")
    result, told = sent_from_a_terminal(bench, friend, BIG)
    result.has_status(69)
    expect(LINE.match(told) is not None, True, f"the line in {told!r}")
    expect(screen(told), [friend.line('5.3.4 the mail server refused <bob@friend.example>: "552 5.3.4 too big"'),
                          ""], "the screen in the end")
    friend = bench.friend("die inside 3000000")
    result, told = sent_from_a_terminal(bench, friend, BIG)
    result.has_status(75)
    shown = screen(told)
    expect((len(shown), shown[0].startswith("4.4.2 sshsm: friend (127.0.0.1): ")), (2, True), f"{shown}")


@case
def beside_v_each_has_its_own_line(bench):
    friend = bench.friend()
    result, told = sent_from_a_terminal(bench, friend, BIG, "-v")
    result.has_status(0)
    expect(LINE.search(told) is not None, True, f"the line in {told!r}")
    for line in screen(told)[:-1]:
        expect(re.match(r" *\d+ ms [<>*] ", line) is not None, True, line)


@case
def a_terminal_that_nobody_reads_holds_up_neither_mail_nor_a_stop(bench):
    """One that went away behind a dead line, or is stopped: it takes a few kilobytes, and then nothing."""
    wordy = "\n".join(f"offer X{number} " + "y" * 200 for number in range(90)) + "\n"
    for script, number in (("", None), ("reply dot 552 5.3.4 too big", None), ("stall MAIL", signal.SIGTERM)):
        friend = bench.friend(wordy + script)
        controller, terminal = pty.openpty()
        try:
            running = friend.start("-v", stderr=terminal)
            running.feed(ONE)
            if number:
                bench.wait_until(lambda: b"MAIL FROM" in friend.transcript(), "the envelope")
                bench.pause(0.5)
                os.kill(running.pid, number)
            expect(running.process.wait(15), 75 if number else 69 if script else 0, "the exit status")
        finally:
            os.close(controller)
            os.close(terminal)


@case
def small_messages_and_what_is_no_terminal_have_no_such_line(bench):
    friend = bench.friend()
    result, told = sent_from_a_terminal(bench, friend, ONE * 3)
    result.has_status(0)
    expect(told, b"", "the terminal")
    friend.send(BIG).is_accepted()
