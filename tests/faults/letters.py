"""The mail of a scenario, and what of it lies in the far side's mailbox.

Letter     one message: a name that is nowhere else, its recipients, its octets
stored_in  what a mail_sink has kept
"""

import re

from friend import batch

ENTRY = re.compile(r"^From \S+ \w{3} \w{3} .*\n", re.M)


class Letter:
    def __init__(self, name, recipients, lines, width=60):
        self.name = name
        self.sender = f"<{name}@here.example>"
        self.recipients = [f"<{name}-{number}@friend.example>" for number in range(recipients)]
        filler = "".join(f"{'.' * (number % 3)}{number:06} {'x' * width}\n" for number in range(lines))
        self.text = f"Message-ID: <{name}@here.example>\nSubject: {name}\n\n{filler}the end of {name}\n"

    def batch(self, eol):
        return batch(self.sender, self.recipients, self.text.encode(), eol)

    def dialogue_text(self):
        """As it stands behind DATA, with the final dot."""
        lines = self.text.encode().split(b"\n")[:-1]
        return b"\r\n".join([b"." + line if line.startswith(b".") else line for line in lines] + [b".", b""])


class Stored:
    """One message that the far side has accepted."""

    def __init__(self, entry):
        head, _, self.text = entry.partition("Message-ID: ")
        self.text = "Message-ID: " + self.text
        self.name = self.text[len("Message-ID: <"):].partition("@")[0]
        self.recipients = re.findall(r"^X-Envelope-To: (.*)$", head, re.M)


def stored_in(mbox):
    """mbox: octets of a mailbox, in which no line of a letter begins with `From `."""
    entries = ENTRY.split(mbox.decode("utf-8", "replace"))[1:]
    return [Stored(entry[:-1]) for entry in entries]


def names_in(octets):
    """Whose letters stand in a batch, or in a part of one."""
    return set(re.findall(r"^Message-ID: <([^@>]+)@", octets.decode("utf-8", "replace"), re.M))
