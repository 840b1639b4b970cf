"""What the cases know of a mail server: one row each, all rows in rows.py.

A row is an object of a subclass of Mta. The cases use nothing else, so a new row gets all of them.
`host` is a network.Host. A second recipe of the same mail server is a second row.

    name                     for the names of the cases, `sendmail`
    root                     the row of tests/roots/make.sh
    mode                     how its recipe calls sshsm: `-bs`, `-bS` or `--lmtp`
    settings                 lines for myfriend.conf that its recipe needs
    install_sender(host)     the recipe of contrib/, as it stands: mail to friend.example goes to
                             `sshsm … myfriend`. sshsm, its key and myfriend.conf are there already
    install_receiver(host)   takes mail for users of friend.example from `/usr/sbin/sendmail -bs` as
                             mailrx, and delivers it into /var/mail/USER
    install_strict_listener(host)
                             takes mail on 127.0.0.1:2526 of the friend, refuses unknown users and
                             relays for nobody, for smtp-address; nothing where install_receiver did it
    start(host)              what must run; no queue run may begin by itself within a minute
    submit(host, letters)    puts letters (letter.Letter) into the queue, as a user of the host would;
                             whether one leaves at once is the mail server's choice
    run_queue(host)          tries all that waits, whatever the mail server thinks about patience
    is_busy(host)            whether a delivery is under way
    waiting(host)            [recipient] that the queues hold, one for each message and recipient
    listing(host)            the text of the mail server's own queue listing
    log(host)                [line] of the mail server's own log, without sshsm's lines

    as_sent(body)            a body as it leaves a sender that breaks long lines
    as_delivered(body)       the same for a receiver
    longest_line             a receiver refuses a message with a longer line for good (None: it does not)
"""

import os

from registry import expect


def broken(body, limit, mark=b""):
    """A body whose long lines were broken: pieces of `limit` octets, counting the mark at the end of
    each but the last and the blank in front of each but the first."""
    lines = []
    for line in body.split(b"\n"):
        while len(line) > limit:
            lines.append(line[:limit - len(mark)] + mark)
            line = b" " + line[limit - len(mark):]
        lines.append(line)
    return b"\n".join(lines)



CONTRIB = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
                       "contrib")


def pasted(recipe, text):
    """The lines of text, which must stand in the recipe's README, so that it says what is tested."""
    with open(os.path.join(CONTRIB, recipe, "README.md"), encoding="utf-8") as file:
        there = {line.strip() for line in file}
    expect([line for line in text.splitlines() if line.strip() not in there], [],
           f"lines that contrib/{recipe}/README.md does not have")
    return text


class Mta:
    name = root = longest_line = None
    mode = "-bs"
    settings = ""

    @staticmethod
    def as_sent(body):
        return body

    @staticmethod
    def as_delivered(body):
        return body

    def install_sender(self, host):
        raise NotImplementedError

    def install_receiver(self, host):
        raise NotImplementedError

    def install_strict_listener(self, host):
        pass

    def start(self, host):
        raise NotImplementedError

    def submit(self, host, letters):
        raise NotImplementedError

    def run_queue(self, host):
        raise NotImplementedError

    def is_busy(self, host):
        raise NotImplementedError

    def waiting(self, host):
        raise NotImplementedError

    def listing(self, host):
        raise NotImplementedError

    def log(self, host):
        raise NotImplementedError
