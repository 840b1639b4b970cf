"""SMTP smuggling: whatever stands in a message, no server sees the end of it but where it is.

The tricks are those of tricks.py. The server is the most careless that there can be (`lax` in
tests/README.md); what it received is looked at, too. smuggling_sessions.py does the same with -bs,
mta/smuggled.py with real mail servers.
"""

import re
import subprocess
import time

from registry import case, expect
from tricks import ENDS, TRICKS, bodies_across, bodies_at_every_place, bodies_with, one_message, tricky_body

BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
BORDER = 65536


def delivered(body, eol):
    """DESIGN's rule for line ends, spelt differently: unstuff by lines, then make all ends CRLF."""
    lines = [line[1:] if line.startswith(b".") else line for line in body.split(eol)]
    return re.sub(rb"\r\n|\r|\n", b"\r\n", eol.join(lines))


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
