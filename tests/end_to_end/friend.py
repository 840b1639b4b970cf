"""One destination, from its configuration to what arrived there; and the mail to send to it."""

import os
import re

from registry import expect
from servers import new_key
from talk import Talk


def batch(sender, recipients, text, eol="\r\n"):
    """One message as batch SMTP; the text is bytes with LF line ends, not yet dot-stuffed."""
    end = eol.encode()
    lines = [f"MAIL FROM:{sender}".encode()]
    lines += [f"RCPT TO:{recipient}".encode() for recipient in recipients]
    lines.append(b"DATA")
    body = text.split(b"\n")
    if body[-1] == b"":
        body.pop()
    lines += [b"." + line if line.startswith(b".") else line for line in body] + [b"."]
    return end.join(lines) + end


LETTER = b"From: alice@here.example\nTo: bob@friend.example\nSubject: a letter\n\nHello Bob.\n"
ONE = batch("<alice@here.example>", ["<bob@friend.example>"], LETTER)


def canonical(text):
    """Text with LF line ends as it travels."""
    return text.replace(b"\n", b"\r\n")


class Friend:
    """A destination called `friend`, its directory, its key and its mail server."""

    def __init__(self, bench, directory, script="", *, settings=(), sshd=None, key_type="ed25519",
                 command=None, afterwards="", key_options="restrict", pinned=("ed25519",), name="friend"):
        self.bench = bench
        self.rig = bench.rig
        self.name = name
        self.directory = directory
        self.sshd = sshd or self.rig.sshd
        os.makedirs(directory)
        os.makedirs(self.path("mail"))
        os.chmod(self.path("mail"), 0o777)
        with open(self.path("script"), "w", encoding="utf-8") as file:
            file.write(script)
        self.key = self.path("id_ed25519")
        public_key = new_key(self.key, key_type)
        os.chown(self.key, self.rig.mail_user.pw_uid, self.rig.mail_user.pw_gid)
        self.sshd.authorize(public_key, command or " ".join(self.sink_command()) + afterwards,
                            key_options)
        self.settings = {"user": self.rig.login, "host": "127.0.0.1", "port": str(self.sshd.port)}
        self.settings.update(settings)
        self.write_configuration()
        self.write_pins([f"[127.0.0.1]:{self.sshd.port} {self.sshd.host_keys[kind]}"
                         for kind in pinned])

    def path(self, name):
        return os.path.join(self.directory, name)

    def sink_command(self):
        return [self.rig.sink, "--script", self.path("script"), "--mbox", self.path("mbox"),
                "--maildir", self.path("mail"), "--transcript", self.path("transcript")]

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), 0o644)

    def write_configuration(self, text=None):
        if text is None:
            text = "".join(f"{key} = {value}\n" for key, value in self.settings.items()
                           if value is not None)
        self.write(self.name + ".conf", text)
        if self.rig.is_root:
            self.write("sshsm.conf", f"run-as = {self.rig.mail_user.pw_name}\n")

    def write_pins(self, lines):
        self.write("known_hosts", "".join(line + "\n" for line in lines))

    def arguments(self, *options):
        return [*options, "--config-dir", self.directory, "-bS", "--", self.name]

    def send(self, stdin=ONE, *options, **more):
        """sshsm -bS for this friend."""
        return self.bench.run(*self.arguments(*options), stdin=stdin, **more)

    def start(self, *options, **more):
        return self.bench.start(*self.arguments(*options), **more)

    def talk(self, *mode, on=None, **more):
        """sshsm for this friend in that mode, or without one, as somebody who speaks SMTP to it; `on` is
        the descriptor of a terminal instead of pipes."""
        return Talk(self.bench.start("--config-dir", self.directory, *mode, "--", self.name, **more), on)

    def line(self, rest):
        """`CODE text` as the line that names this friend."""
        code, text = rest.split(" ", 1)
        return f"{code} sshsm: {self.name} ({self.settings['host']}): {text}"

    def reply_line(self, code, rest):
        """The same as a reply."""
        return f"{code} {self.line(rest)}"

    def early_line(self, rest):
        """The same before the configuration was read, when the host is not known yet."""
        code, text = rest.split(" ", 1)
        return f"{code} sshsm: {self.name}: {text}"

    # --- what arrived ---

    def messages(self):
        """The exact bytes of each message, unstuffed, in order."""
        result = []
        def arrival(name):
            return [int(number) for number in name.split(".")]
        for name in sorted(os.listdir(self.path("mail")), key=arrival):
            with open(os.path.join(self.path("mail"), name), "rb") as file:
                result.append(file.read())
        return result

    def mbox(self):
        """The mailbox without the From_ lines' dates."""
        if not os.path.exists(self.path("mbox")):
            return b""
        with open(self.path("mbox"), "rb") as file:
            return re.sub(rb"^(From \S+) \w{3} \w{3} [ \d]\d [\d:]{8} \d{4}$", rb"\1", file.read(),
                          flags=re.M)

    def transcript(self):
        """Every byte that the mail server received."""
        if not os.path.exists(self.path("transcript")):
            return b""
        with open(self.path("transcript"), "rb") as file:
            return file.read()

    def transcript_to(self, last):
        """The same when it ends so: what is not waited for may come after sshsm has ended."""
        self.bench.wait_until(lambda: self.transcript().endswith(last), f"{last!r} was received")
        return self.transcript()

    def received_nothing(self):
        expect(self.messages(), [], "delivered messages")
