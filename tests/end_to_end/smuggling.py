"""SMTP smuggling: whatever stands in a message, no server sees the end of it but where it is.

Every trick stands in a message and is followed by the commands of a second one. The server is the
most careless that there can be (`lax` in tests/README.md); what it received is looked at, too.
smuggling_sessions.py does the same with -bs.
"""

import itertools
import re
import subprocess
import time

from registry import case, expect

LINE_ENDS = [b"\r\n", b"\n", b"\r"]
# A lax server takes each of these for the end of the data. The last ones are for servers that throw
# NULs away before they look.
ENDS = [before + b"." + behind for before, behind in itertools.product(LINE_ENDS, LINE_ENDS)
        if (before, behind) != (b"\r\n", b"\r\n")]
ENDS += [b"\r\r\n.\r\r\n", b"\r\n.\r\r\n", b"\n\n.\n\n", b"\r\r.\r\r", b"\n\r.\n\r", b"\r\n\r.\r\n",
         b"\r\n\n.\r\n", b"\r\n.\n\r\n", b"\r\n\0.\r\n", b"\r\n\0\0.\r\n", b"\r\n.\0\r\n",
         b"\r\n\0.\0\r\n", b"\r\n.\r\0\n", b"\r\0\n.\r\0\n", b"\n\0.\n", b"\n.\0\n", b"\r\0.\r",
         b"\n\0.\r\n", b"\r\n\0.\r", b"\r\n\0.\n"]
# What is none, even there; it must arrive as it is.
OTHERS = [b"\n..\n", b"\r\n..\r\n", b"\r..\r", b"\r\n..\n", b"\r\n..\r", b"\n..\r\n", b"\n. \n",
          b"\r\n. \r\n", b"\r\n .\r\n", b"\v.\v", b"\f.\f", b"\x85.\x85", b"\x1e.\x1e", b"\x1a",
          b"\xe2\x80\xa8.\xe2\x80\xa8", b"\r\n=2E\r\n", b"\b.\b", b"\n.\x7f\n", b"\r\n.\t\r\n"]
TRICKS = ENDS + OTHERS
SECOND = [b"MAIL FROM:<evil@x.example>", b"RCPT TO:<victim@friend.example>", b"DATA",
          b"Subject: smuggled", b"", b"smuggled"]
BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
BORDER = 65536


def tricky_body(trick, eol, before=b"Subject: one%(eol)s%(eol)sbefore"):
    """A body, stuffed already where it is meant to be, with its last line end."""
    return before.replace(b"%(eol)s", eol) + trick + eol.join(SECOND) + trick + b"after" + eol


def is_one_body(body, eol):
    """False where the trick is no trick: it is how this input ends its data."""
    return eol + b"." + eol not in eol + body


def delivered(body, eol):
    """DESIGN's rule for line ends, spelt differently: unstuff by lines, then make all ends CRLF."""
    lines = [line[1:] if line.startswith(b".") else line for line in body.split(eol)]
    return re.sub(rb"\r\n|\r|\n", b"\r\n", eol.join(lines))


def one_message(body, eol):
    head = [b"MAIL FROM:<alice@here.example>", b"RCPT TO:<bob@friend.example>", b"DATA", b""]
    return eol.join(head) + body + b"." + eol


def saw_no_bare_line_end(friend):
    received = friend.transcript()
    found = BARE.search(received)
    around = received[max(0, found.start() - 30):found.end() + 30] if found else None
    expect(around, None, "a bare CR or LF reached the server")


def arrived(friend, bodies, eol, nul=b""):
    """Exactly these messages, and nothing that a careless server could take for another one.

    `nul` is what NUL becomes there.
    """
    saw_no_bare_line_end(friend)
    messages = friend.messages()
    for number, (body, message) in enumerate(zip(bodies, messages)):
        wanted = delivered(body, eol).replace(b"\0", nul)
        if message != wanted:
            at = next((n for n, pair in enumerate(zip(message, wanted)) if pair[0] != pair[1]), 0)
            expect(message[max(0, at - 40):at + 80], wanted[max(0, at - 40):at + 80],
                   f"message {number} around octet {at}")
    expect(len(messages), len(bodies), "accepted messages")
    expect(friend.mbox().count(b"\nX-Envelope-To: <victim@"), 0, "smuggled messages")


def carries(bench, bodies, eol):
    for script, nul in (("lax", b""), ("lenient\noffer CHUNKING", b"\0")):
        friend = bench.friend(script)
        friend.send(b"".join(one_message(body, eol) for body in bodies)).is_accepted()
        arrived(friend, bodies, eol, nul)


def bodies_with(tricks, eol, **arguments):
    bodies = [tricky_body(trick, eol, **arguments) for trick in tricks]
    return [body for body in bodies if is_one_body(body, eol)]


def bodies_at_every_place(eol):
    """Every trick at the start, in the headers, inside and at the end of a body."""
    starts = [trick.lstrip(b"\r\n") for trick in TRICKS] + TRICKS
    ends = [b"Subject: end" + eol + eol + b"text" + trick + eol for trick in TRICKS]
    return {"start": bodies_with(starts, eol, before=b""),
            "headers": bodies_with(TRICKS, eol, before=b"X-One: 1%(eol)sSubject: two"),
            "inside": bodies_with(TRICKS, eol),
            "end": [body for body in ends if is_one_body(body, eol)]}


def bodies_across(border, tricks, eol):
    """Bodies whose trick lies across that octet, at every shift."""
    head = b"Subject: border" + eol + eol
    filler = head + (b"x" * 62 + eol) * (border // 60)
    return [body for trick in tricks for shift in range(len(trick) + 1)
            for body in bodies_with([trick], eol, before=filler[:border - shift])]


@case
def the_lax_server_is_taken_in_by_every_trick_where_nobody_helps_it(bench):
    for trick in ENDS:
        friend = bench.friend("lax")
        # The second message ends at the second trick, if not at the real end.
        subprocess.run(friend.sink_command(), check=True, stdout=subprocess.DEVNULL,
                       input=one_message(tricky_body(trick, b"\r\n"), b"\r\n"))
        expect((trick, friend.mbox().count(b"\nX-Envelope-To: <victim@")), (trick, 1), "smuggled")


@case
def no_trick_ends_a_message_of_a_batch_with_crlf(bench):
    bodies = bodies_with(TRICKS, b"\r\n")
    expect(len(bodies), len(TRICKS), "tricks")
    carries(bench, bodies, b"\r\n")


@case
def no_trick_ends_a_message_of_a_batch_with_lf(bench):
    bodies = bodies_with(TRICKS, b"\n")
    expect(len(bodies) > len(TRICKS) / 2, True, "most are tricks here as well")
    carries(bench, bodies, b"\n")


@case
def no_trick_ends_a_message_of_a_batch_at_its_start_in_its_headers_or_at_its_end(bench):
    for eol in (b"\r\n", b"\n"):
        places = bodies_at_every_place(eol)
        for place in ("start", "headers", "end"):
            carries(bench, places[place], eol)


@case
def no_trick_works_in_a_batch_that_comes_octet_by_octet(bench):
    for eol in (b"\r\n", b"\n"):
        bodies = bodies_with(ENDS[:14], eol)
        friend = bench.friend("lax")
        running = friend.start()
        for octet in b"".join(one_message(body, eol) for body in bodies):
            running.feed_some(bytes([octet]))
            # Long enough for a read in between, most of the time.
            time.sleep(0.0002)
        running.finish(b"").is_accepted()
        arrived(friend, bodies, eol)


@case
def no_trick_works_across_the_borders_of_buffers(bench):
    for eol in (b"\r\n", b"\n"):
        head = len(one_message(b"", eol)) - len(b"." + eol)
        for border in (BORDER, BORDER - head):
            carries(bench, bodies_across(border, ENDS[:8], eol), eol)
        # From there on a message is passed on as it comes.
        for body in bodies_across(1024 * 1024, ENDS[:2], eol):
            carries(bench, [body], eol)


ENVELOPES = [b"MAIL FROM:<alice@here.example>%sRCPT TO:<victim@friend.example>",
             b"MAIL FROM:<alice%s@here.example>", b"MAIL FROM:<alice@here.example> SIZE=1%sRSET",
             b"MAIL FROM:<alice@here.example> %sBODY=7BIT"]


@case
def no_command_is_smuggled_in_the_envelope_of_a_batch(bench):
    for pattern in ENVELOPES:
        for bare in (b"\r", b"\n", b"\0", b"\r\r", b"\n\r"):
            friend = bench.friend("lax")
            stdin = (pattern % bare + b"\r\nRCPT TO:<bob@friend.example>\r\nDATA\r\nx: y\r\n.\r\n")
            # The first line ends in CRLF, so that a bare LF in the next command is none.
            result = friend.send(b"NOOP\r\n" + stdin)
            result.has_status(75)
            friend.received_nothing()
            saw_no_bare_line_end(friend)
            expect(b"victim" in friend.transcript() or b"RSET\r" in friend.transcript(), False,
                   f"{pattern!r} with {bare!r} was sent")
