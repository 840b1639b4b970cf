"""No mode named: a batch is told from a conversation by when its first words come."""

import os
import random
import subprocess
import time

from friend import LETTER, ONE, batch, canonical
from interactive import ACCEPTED, CLOSING, ENVELOPE, GREETING, MESSAGE, OFFERS, opened
from registry import case, expect

CONVERSATION = [*ENVELOPE, (MESSAGE, ACCEPTED), ("QUIT", CLOSING)]
RACES = 40
# About when the greeting comes: connecting takes a few hundredths of a second.
AROUND_GREETING = (0.0, 0.08)


def start(friend, **more):
    return friend.bench.start("--config-dir", friend.directory, "--", "friend", **more)


def with_words(text):
    """The same batch with an opening, as some programs write it."""
    return b"EHLO here.example\r\n" + text


def is_delivered_once(friend, running, *, greeting_allowed=True):
    result = running.finish(None)
    result.has_status(0)
    expect(result.stderr, "", "standard error")
    told = [b""] + [GREETING.encode() + b"\r\n"] * greeting_allowed
    expect(result.stdout in told, True, f"what a batch was told: {result.stdout!r}")
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")


@case
def a_file_is_a_batch(bench):
    friend = bench.friend()
    friend.write("batch", ONE.decode())
    with open(friend.path("batch"), "rb") as file:
        running = start(friend, stdin=file)
    is_delivered_once(friend, running, greeting_allowed=False)


@case
def what_is_written_before_the_greeting_is_a_batch(bench):
    for pause in (0, 0.2):
        friend = bench.friend("delay greeting 0.5")
        running = start(friend)
        time.sleep(pause)
        running.feed(ONE)
        is_delivered_once(friend, running, greeting_allowed=False)


@case
def a_batch_that_comes_behind_the_greeting_is_one_all_the_same(bench):
    for text in (ONE, with_words(ONE), ONE.replace(b"\r\n", b"\n")):
        friend = bench.friend()
        talk = friend.talk()
        expect(talk.hear(), [GREETING], "the greeting")
        talk.running.feed(text)
        is_delivered_once(friend, talk.running)


@case
def a_host_that_allows_one_session_at_a_time_gives_the_batch_its_channel(bench):
    friend = bench.friend(sshd=bench.sshd(["MaxSessions 1"]), afterwards="; sleep 0.3")
    talk = friend.talk()
    expect(talk.hear(), [GREETING], "the greeting")
    talk.running.feed(with_words(ONE))
    is_delivered_once(friend, talk.running)


@case
def whoever_goes_on_before_the_first_answer_writes_a_batch(bench):
    friend = bench.friend("delay EHLO 0.3")
    talk = friend.talk()
    expect(talk.hear(), [GREETING], "the greeting")
    talk.say("EHLO here.example\r\n")
    time.sleep(0.1)
    talk.running.feed(ONE)
    is_delivered_once(friend, talk.running)


@case
def whoever_listens_has_a_conversation(bench):
    for first in ("HELO here.example", "NOOP", "RSET", "HELP", "quit"):
        friend = bench.friend("lenient")
        talk = friend.talk()
        expect(talk.hear(), [GREETING], "the greeting")
        expect(len(talk.ask(first)) > 0, True, f"an answer to {first}")
        if first != "quit":
            talk.follow(("QUIT", CLOSING))
        talk.end().has_status(0)
    friend = bench.friend()
    talk = opened(friend, mode=["-v"])
    talk.follow(*CONVERSATION)
    result = talk.end()
    result.has_status(0)
    expect(result.stderr, "", "standard error")
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")


@case
def no_batch_without_pauses_is_taken_for_a_conversation(bench):
    """One write, or one for each line, at any moment around the greeting."""
    dice = random.Random(3)
    for number in range(RACES):
        friend = bench.friend()
        text = dice.choice((ONE, with_words(ONE)))
        pieces = dice.choice(([text], text.splitlines(keepends=True)))
        pause = dice.uniform(*AROUND_GREETING)
        running = start(friend)
        time.sleep(pause)
        for piece in pieces:
            running.feed_some(piece)
        running.feed(b"")
        try:
            is_delivered_once(friend, running)
        except AssertionError as error:
            raise AssertionError(f"race {number}, pause {pause:.4f}, {len(pieces)} pieces: "
                                 f"{error}") from None


@case
def no_client_that_listens_is_taken_for_a_batch(bench):
    dice = random.Random(4)
    for number in range(RACES):
        friend = bench.friend(f"delay greeting {dice.uniform(0, 0.02):.4f}")
        talk = friend.talk()
        expect(talk.hear(), [GREETING], f"the greeting of race {number}")
        time.sleep(dice.choice((0, dice.uniform(0, 0.1))))
        expect(talk.ask("EHLO here.example"), OFFERS, f"the answer to EHLO in race {number}")
        talk.follow(*CONVERSATION)
        talk.end().has_status(0)
        expect(friend.messages(), [canonical(LETTER)], f"delivered messages of race {number}")


@case
def a_batch_that_pauses_like_a_client_loses_nothing(bench):
    """Whatever it is taken for: 0 only if all of it was accepted."""
    dice = random.Random(5)
    scripts = ("", "withhold PIPELINING", "reply RCPT <eve@friend.example> 550 5.1.1 no such user",
               "reply MAIL #1 450 4.2.0 later", "reply DATA #1 451 4.3.0 later", "reply dot #1 452 4.3.1 full")
    tricky = LETTER + b"RCPT TO:<mallory@friend.example>\nDATA\nhello\nQUIT\n"
    text = with_words(batch("<alice@here.example>", ["<bob@friend.example>", "<eve@friend.example>"],
                            tricky) + ONE)
    for number in range(RACES):
        friend = bench.friend(scripts[number % len(scripts)])
        running = start(friend)
        time.sleep(dice.uniform(*AROUND_GREETING))
        try:
            for line in text.splitlines(keepends=True):
                running.feed_some(line)
                time.sleep(dice.choice((0, 0, 0.002, dice.uniform(0, 0.08))))
            running.feed(b"")
        except BrokenPipeError:
            pass  # It ended the session behind a refused DATA.
        result = running.finish(None)
        delivered = friend.messages()
        expect(result.status in (0, 69, 75), True, f"status {result.status} of race {number}")
        if result.status == 0:
            expect(len(delivered), 2, f"messages of race {number}, {result.stdout!r}")
        expect(set(delivered) <= {canonical(LETTER), canonical(tricky)}, True,
               f"what arrived in race {number}: {delivered!r}")


@case
def half_a_greeting_that_was_read_already_is_not_missed(bench):
    for pause in ("220-one moment\\r\\n22", "22"):
        friend = bench.friend(f'raw greeting "{pause}0 {GREETING[4:]}\\r\\n"'.replace(pause, "", 1))
        friend.write("command", f"printf '{pause}'; sleep 0.5; exec {' '.join(friend.sink_command())}\n")
        slow = bench.friend(command=f"sh {friend.path('command')}")
        running = start(slow)
        time.sleep(0.3)
        running.feed(ONE)
        result = running.finish(None)
        expect((result.status, result.stdout, result.stderr), (0, b"", ""), "how it ended")
        expect(friend.messages(), [canonical(LETTER)], "delivered messages")


@case
def a_batch_that_waits_for_a_silent_host_costs_no_time_of_the_processor(bench):
    friend = bench.faulty_friend("stall-before-banner", settings={"connect-timeout": "3"})
    running = start(friend)
    time.sleep(0.3)
    running.feed(ONE)
    _, status, usage = os.wait4(running.pid, 0)
    running.process.returncode = os.waitstatus_to_exitcode(status)
    running.finish(None).has_status(75)
    expect(usage.ru_utime + usage.ru_stime < 0.5, True, f"processor: {usage.ru_utime + usage.ru_stime} s")


@case
def a_batch_cut_off_behind_its_first_line_is_no_success(bench):
    friend = bench.friend()
    talk = friend.talk()
    expect(talk.hear(), [GREETING], "the greeting")
    expect(talk.ask("EHLO here.example"), OFFERS, "the answer to EHLO")
    talk.end().has_status(75)


@case
def text_behind_a_refused_data_ends_a_conversation(bench):
    friend = bench.friend("reply DATA 451 4.3.0 later")
    talk = opened(friend, mode=())
    talk.follow(*ENVELOPE[:2], ("DATA", "451 4.3.0 later"),
                ("Subject: a letter", "421 4.5.0 sshsm: friend (127.0.0.1): the caller does not listen: "
                                      'went on behind a refused DATA: "Subject: a letter"; call sshsm '
                                      "-bS for a batch"),
                ("QUIT", "221 2.0.0 sshsm: friend (127.0.0.1): closing"))
    result = talk.end()
    result.has_status(75)
    bench.rig.compared |= result.causes
    friend = bench.friend("reply DATA #1 451 4.3.0 later")
    talk = opened(friend, mode=())
    talk.follow(*ENVELOPE[:2], ("DATA", "451 4.3.0 later"), ("RSET", "250 2.0.0 reset"), *ENVELOPE,
                (MESSAGE, ACCEPTED), ("QUIT", CLOSING))
    talk.end().has_status(75)


@case
def a_failure_is_told_in_the_way_of_the_caller(bench):
    friend = bench.friend()
    friend.write_pins([])
    unpinned = (f"4.7.5 no host key is pinned: 127.0.0.1 port {friend.sshd.port} in "
                f"{friend.path('known_hosts')}; pin the host's key, "
                "as its owner read it out: sshsmctl trust --add friend")
    running = start(friend)
    expect(running.process.stdout.readline().decode(), friend.reply_line("421", unpinned) + "\r\n",
           "the greeting")
    running.finish(b"QUIT\r\n").has_status(75)
    friend.write("batch", ONE.decode())
    with open(friend.path("batch"), "rb") as file:
        running = start(friend, stdin=file)
    running.finish(None).says(75, friend.line(unpinned))
    with open("/dev/null", "rb") as file:
        start(friend, stdin=file).finish(None).says(75, friend.line(unpinned))


@case
def who_has_said_quit_and_keeps_his_input_open_is_not_waited_for(bench):
    friend = bench.friend(settings={"idle-timeout": "1"})
    for mode in ([], ["-bS"]):
        running = bench.start("--config-dir", friend.directory, *mode, "--", "friend")
        running.feed_some(b"EHLO here\r\n" + ONE + b"QUIT\r\n")
        expect(running.process.wait(10), 0, f"the exit status with {mode}")
        result = running.finish(None)
        expect((result.stdout, result.stderr), (b"", ""), "words")
    expect(len(friend.messages()), 2, "delivered messages")


@case
def a_batch_that_comes_a_while_behind_quit_is_carried_too(bench):
    friend = bench.friend(settings={"idle-timeout": "4"})
    running = friend.start()
    running.feed_some(ONE + b"QUIT\r\n")
    bench.wait_until(lambda: friend.messages(), "the first message")
    bench.pause(1)
    running.feed_some(ONE + b"QUIT\r\n")
    began = bench.now()
    expect(running.process.wait(15), 0, "the exit status")
    expect(bench.now() - began >= 3, True, "patience begins anew")
    expect(len(friend.messages()), 2, "delivered messages")


@case
def patience_behind_quit_does_not_run_while_the_mail_server_is_waited_for(bench):
    """Whoever writes on meanwhile has not been kept waiting for nothing."""
    friend = bench.friend("delay dot #1 4", settings={"idle-timeout": "1"})
    running = friend.start()
    running.feed_some(ONE + b"QUIT\r\n")
    bench.pause(2.5)
    running.feed_some(ONE + b"QUIT\r\n")
    expect(running.process.wait(15), 0, "the exit status")
    expect(len(friend.messages()), 2, "delivered messages")


@case
def quit_without_a_message_is_an_empty_batch(bench):
    friend = bench.friend(settings={"idle-timeout": "1"})
    running = friend.start()
    running.feed_some(b"QUIT\r\n")
    expect(running.process.wait(10), 75, "the exit status")
    running.finish(None).says(75, friend.line(
        "4.5.2 the batch has no message; feed it batch SMTP: MAIL, RCPT, DATA, the message, a dot"))


@case
def descriptor_2_is_restored_for_a_batch(bench):
    friend = bench.friend("reply RCPT 550 5.1.1 no such user")
    talk = friend.talk("-v")
    expect(talk.hear(), [GREETING], "the greeting")
    talk.running.feed(ONE)
    result = talk.running.finish(None)
    result.has_status(69)
    expect("ms > MAIL FROM:<alice@here.example>" in result.stderr, True, "what -v shows")
    expect("ms * connecting to 127.0.0.1 port " in result.stderr, True, "what -v shows of the time before")
    expect(result.stderr.splitlines()[-1],
           friend.line('5.1.1 the mail server refused <bob@friend.example>: "550 5.1.1 no such user"'),
           "the last line on standard error")
