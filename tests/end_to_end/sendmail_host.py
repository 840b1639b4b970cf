"""A friend whose mail server is the real sendmail, and what stands in sendmail's queue there."""

import os
import re

from friend import Friend
from mail_root import USER, MailRoot
from registry import expect

QUEUE = "/var/spool/mqueue-client"
# What sendmail logs when it says 554 5.5.0.
EARLY_TALK = "due to traffic before response"
# What sendmail adds to a message, or adds when it is not there.
ADDED = {b"return-path", b"received", b"date", b"from", b"message-id", b"x-authentication-warning"}


class Letter:
    """A message: text with LF line ends, and its envelope."""

    def __init__(self, body, headers=b"Subject: a letter\nTo: bob@friend.example\n",
                 sender=b"<alice@here.example>", recipients=(b"<bob@friend.example>",)):
        self.body, self.headers = body, headers
        self.sender, self.recipients = sender, list(recipients)

    def text(self):
        return self.headers + b"\n" + self.body

    def data(self, eol=b"\r\n"):
        """What goes behind DATA, up to the final dot."""
        lines = self.text().split(b"\n")[:-1]
        return b"".join((b"." + line if line.startswith(b".") else line) + eol
                        for line in lines) + b"." + eol

    def envelope(self):
        """The commands up to DATA."""
        return [b"MAIL FROM:" + self.sender, *(b"RCPT TO:" + path for path in self.recipients), b"DATA"]

    def batch(self, eol=b"\r\n"):
        return b"".join(line + eol for line in self.envelope()) + self.data(eol)

    def key(self):
        """What must be the same at both ends."""
        return self.sender, sorted(self.recipients), sorted(lines_kept(self.headers)), self.body


def lines_kept(headers):
    """Header fields, but those that sendmail adds."""
    fields = re.findall(rb"[^\n]+(?:\n[ \t][^\n]*)*\n", headers)
    return [field for field in fields if field.split(b":")[0].lower() not in ADDED]


class Queued:
    """One message of the queue, from its qf and df file."""

    def __init__(self, control, body):
        self.body = body
        fields = re.findall(rb"[^\n]+(?:\n[ \t][^\n]*)*\n", control)
        def values(letter):
            return [field[1:-1] for field in fields if field[:1] == letter]
        self.sender = values(b"S")[0]
        # Flags, a colon, the path.
        self.recipients = [value.split(b":", 1)[1] for value in values(b"R")]
        self.recipient_flags = [value.split(b":", 1)[0] for value in values(b"R")]
        self.flags = b"".join(values(b"F"))
        self.body_type = b"".join(values(b"B"))
        self.envelope_id = b"".join(values(b"Z"))
        self.original_recipients = values(b"Q")
        # ?flags?field
        self.headers = b"".join(re.sub(rb"^\?[^?]*\?", b"", value) + b"\n" for value in values(b"H"))

    def key(self):
        return self.sender, sorted(self.recipients), sorted(lines_kept(self.headers)), self.body


class SendmailHost:
    def __init__(self, bench, command="/usr/sbin/sendmail -bs"):
        self.bench = bench
        self.root = MailRoot("sendmail", os.path.join(bench.directory, "far"))
        bench.at_end(self.root.stop)
        self.friend = Friend(bench, os.path.join(bench.directory, "friend"), sshd=self.root,
                             settings={"user": USER}, command=command)
        self.friend.write_pins([f"127.0.0.1 {self.root.host_keys['ed25519']}"])
        self.results = []
        self._daemon = None

    def send(self, stdin, *options, **more):
        """sshsm -bS from outside."""
        result = self.friend.send(stdin, *options, prefix=self.root.prefix, **more)
        self.results.append(result)
        return result

    def start(self, *mode):
        """sshsm with another mode, or none."""
        return self.bench.start("--config-dir", self.friend.directory, *mode, "--", self.friend.name,
                                prefix=self.root.prefix)

    def run(self, stdin, *mode):
        result = self.start(*mode).finish(stdin)
        self.results.append(result)
        return result

    def _is_at_work(self):
        for number in filter(str.isdigit, os.listdir(self.root.path("/proc"))):
            try:
                if number != self._daemon and self.root.read(f"/proc/{number}/comm").startswith(b"sendmail"):
                    return True
            except OSError:
                pass
        return False

    def start_daemon(self, users):
        """sendmail as it runs on a mail host: from now on mail ends in the users' mailboxes."""
        for user in users:
            self.root.run("useradd", "--create-home", user)
        self.root.write("/etc/mail/local-host-names", "friend.example\n")
        self.root.run("/usr/sbin/sendmail-mta", "-bd")
        def listens():
            # 25, listening.
            return b":0019 00000000:0000 0A" in self.root.read("/proc/1/net/tcp")
        self.bench.wait_until(listens, "sendmail's daemon listens")
        self._daemon = self.root.read("/run/sendmail/mta/sendmail.pid").split()[0].decode()

    def mailbox(self, user):
        """The bodies of the messages in a mailbox, once all are delivered."""
        self.bench.wait_until(lambda: not self._is_at_work(), "sendmail ended there", 30)
        messages = re.split(rb"(?m)^From \S+  .*\n", self.root.read(f"/var/mail/{user}"))[1:]
        # An empty line stands behind the headers and behind the message.
        return [message.split(b"\n\n", 1)[1][:-1] for message in messages]

    def queue(self):
        """What is in the queue once every sendmail there has ended."""
        self.bench.wait_until(lambda: not self._is_at_work(), "sendmail ended there", 30)
        names = os.listdir(self.root.path(QUEUE))
        expect(sorted(set(name[:2] for name in names) - {"df", "qf"}), [], "other files in the queue")
        def body_of(name):
            path = f"{QUEUE}/df{name[2:]}"
            return self.root.read(path) if os.path.exists(self.root.path(path)) else b""
        return [Queued(self.root.read(f"{QUEUE}/{name}"), body_of(name))
                for name in names if name.startswith("qf")]

    def holds(self, *letters):
        """Exactly these letters, each once, and no protocol error was ever spoken of."""
        queue = self.queue()
        self.heard_no_protocol_error()
        wanted, found = sorted(one.key() for one in letters), sorted(one.key() for one in queue)
        for message, letter in zip(found, wanted):
            if message != letter:
                expect([shortened(part) for part in message], [shortened(part) for part in letter],
                       "a message in the queue")
        expect(len(found), len(wanted), "messages in the queue")
        return queue

    def heard_no_protocol_error(self):
        spoken = [line for line in self.root.log if "554 5.5.0" in line or EARLY_TALK in line]
        for result in self.results:
            spoken += [text for text in (result.stderr, repr(result.stdout)) if "554 5.5.0" in text]
        expect(spoken, [], "words of a protocol error")


def shortened(part):
    if isinstance(part, bytes) and len(part) > 600:
        return part[:300] + b" ... " + part[-300:] + b" (%d octets)" % len(part)
    return part
