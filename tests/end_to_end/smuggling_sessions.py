"""SMTP smuggling through `sshsm -bs`: the tricks of tricks.py, and those of commands.

What a caller writes goes in blindly here, so that it also stands behind EHLO and DATA before their
answers.
"""

import time

from registry import case, expect
from rig import RUN_LIMIT
from smuggling import BORDER, arrived, saw_no_bare_line_end
from talk import Talk
from tricks import ENDS, bodies_across, bodies_at_every_place, bodies_with, one_message, session_of

BARE_IN_CRLF = (b"\r", b"\n", b"\0", b"\n\r", b"\r\r")
BARE_IN_LF = (b"\r", b"\0", b"\r\r")
SECOND_ENVELOPE = (b"MAIL FROM:<evil@x.example>", b"RCPT TO:<victim@friend.example>", b"DATA",
                   b"x: y", b".")


def start(bench, script, *mode):
    friend = bench.friend(script)
    return friend, bench.start("--config-dir", friend.directory, *mode, "--", friend.name)


def end_of_session(running):
    """It ends by itself behind QUIT. Closed before, its input would leave it a second at most, which
    a busy machine may need."""
    running.process.wait(RUN_LIMIT)
    return running.finish(None)


def codes(result):
    return [line[:3].decode() for line in result.stdout.splitlines() if line[3:4] == b" "]


def carries(bench, bodies, eol):
    friend, running = start(bench, "lax", "-bs")
    running.feed_some(session_of(bodies, eol))
    result = end_of_session(running)
    result.has_status(0)
    arrived(friend, bodies, eol)
    expect(codes(result), ["220", "250", *["250", "250", "354", "250"] * len(bodies), "221"], "answers")


@case
def no_trick_ends_a_message_of_a_session(bench):
    for eol in (b"\r\n", b"\n"):
        for bodies in bodies_at_every_place(eol).values():
            carries(bench, bodies, eol)


@case
def no_trick_works_in_a_session_that_comes_octet_by_octet(bench):
    for eol in (b"\r\n", b"\n"):
        bodies = bodies_with(ENDS[:14], eol)
        friend, running = start(bench, "lax", "-bs")
        for octet in session_of(bodies, eol):
            running.feed_some(bytes([octet]))
            time.sleep(0.0002)
        end_of_session(running).has_status(0)
        arrived(friend, bodies, eol)


@case
def no_trick_works_across_the_borders_of_a_sessions_buffers(bench):
    for eol in (b"\r\n", b"\n"):
        head = len(session_of([b""], eol)) - len(b"." + eol + b"QUIT" + eol)
        for border in (BORDER, BORDER - head):
            carries(bench, bodies_across(border, ENDS[:8], eol), eol)


@case
def no_command_is_smuggled_inside_another_one(bench):
    second = b"RCPT TO:<victim@friend.example>"
    for eol, others in ((b"\r\n", BARE_IN_CRLF), (b"\n", BARE_IN_LF)):
        friend, running = start(bench, "lax", "-bs")
        talk = Talk(running)
        expect(talk.hear()[0][:3], "220", "the greeting")
        for bare in others:
            for command in (b"EHLO here.example", b"MAIL FROM:<a@here.example>", b"NOOP", b"RSET", b"VRFY bob",
                            b"HELP", b"DATA", b"FOO", b"QUIT", b""):
                # The first line of the session must say how lines end.
                if not talk.heard.count(b"\n") > 1:
                    talk.ask(b"NOOP" + eol)
                reply = talk.ask(command + bare + second + eol)
                expect(reply[0][:1] in "45", True, f"{command!r} with {bare!r} is refused: {reply!r}")
        for line in one_message(b"x: y" + eol, eol).split(b"DATA")[0].split(eol)[:-1]:
            expect(talk.ask(line + eol)[0][:3], "250", f"the answer to {line!r}")
        expect(talk.ask(b"DATA" + eol)[0][:3], "354", "the answer to DATA")
        expect(talk.ask(b"x: y" + eol + b"." + eol)[0][:3], "250", "the answer to the dot")
        expect(talk.ask(b"QUIT" + eol)[0][:3], "221", "the answer to QUIT")
        talk.end().has_status(0)
        expect(friend.messages(), [b"x: y\r\n"], "accepted messages")
        expect(b"victim" in friend.transcript(), False, "a smuggled command reached the server")
        saw_no_bare_line_end(friend)


@case
def what_stands_behind_a_command_that_must_be_answered_first_waits(bench):
    # The strict server answers 554 and then 550 to everything for such a thing.
    bodies = [b"Subject: one\r\n\r\n1\r\n", b"Subject: two\r\n\r\n2\r\n"]
    for script in ("delay greeting 0.2\ndelay EHLO 0.2", "delay DATA 0.2\ndelay dot 0.2", "withhold PIPELINING",
                   "delay EHLO 0.2\ndelay HELO 0.2\ndelay NOOP 0.1"):
        friend, running = start(bench, script, "-bs")
        talk = Talk(running)
        session = session_of(bodies, b"\r\n").replace(b"QUIT\r\n", b"NOOP\r\nHELO again.example\r\n")
        talk.say(session + one_message(bodies[0], b"\r\n") + b"QUIT\r\n")
        # Not closed before the answers are there, since then sshsm waits for a second at most.
        message = ["250", "250", "354", "250"]
        for code in ["220", "250", *message, *message, "250", "250", *message, "221"]:
            expect(talk.hear()[-1][:3], code, "the next answer")
        talk.end().has_status(0)
        arrived(friend, [*bodies, bodies[0]], b"\r\n")


@case
def a_refused_data_makes_no_commands_of_a_batchs_text(bench):
    # A caller who does not listen goes on with his text, in which commands stand. No mode was named,
    # and he opens as a client does.
    friend, running = start(bench, "reply RCPT <bob@friend.example> 550 5.1.1 no such user")
    talk = Talk(running)
    expect(talk.hear()[0][:3], "220", "the greeting")
    expect(talk.ask("EHLO here.example")[0][:3], "250", "the answer to EHLO")
    text = b"\r\n".join([b"Subject: x", b"", *SECOND_ENVELOPE, b""])
    talk.say(one_message(text, b"\r\n")[:-3])
    replies = [talk.hear()[0][:3] for _ in range(4)]
    expect(replies, ["250", "550", "451", "421"], "the answers to the envelope and to the text")
    talk.end().has_status(75)
    friend.received_nothing()
    expect(b"evil" in friend.transcript(), False, "text was taken for a command")
