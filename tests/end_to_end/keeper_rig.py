"""An sshsmd at work, and those who speak to it.

KeptFriend   a friend with a keeper before him: sockets, the running sshsmd, its log
Speaker      one client on one of the keeper's sockets
"""

import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from friend import LETTER, canonical
from registry import Skip, expect

# No single answer may take longer.
ANSWER_LIMIT = 20
MESSAGE = canonical(LETTER) + b".\r\n"
MAIL = "MAIL FROM:<alice@here.example>"
RCPT = "RCPT TO:<bob@friend.example>"
DATA = "DATA"
SENDER_OK = "250 2.1.0 <alice@here.example> sender ok"
RECIPIENT_OK = "250 2.1.5 <bob@friend.example> recipient ok"
GO_AHEAD = "354 end the message with a dot"
ACCEPTED = "250 2.0.0 message accepted"
GREETING = "220 here.example ESMTP sshsm: friend (127.0.0.1): ready"
CLOSING = "221 2.0.0 sshsm: friend (127.0.0.1): closing"
OFFERS = ["250-here.example", "250-PIPELINING", "250-ENHANCEDSTATUSCODES", "250-8BITMIME",
          "250 SIZE 52428800"]
LOST = "the connection was lost"
WAITS = "the mail waits in the queue"
ENVELOPE = ((MAIL, SENDER_OK), (RCPT, RECIPIENT_OK), (DATA, GO_AHEAD))


class Speaker:
    """One client. Answers are lists of lines without line ends; [] where he was hung up on."""

    def __init__(self, address):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self._connect(address)
        self._unread = b""

    def _connect(self, address):
        """A socket is there before it listens."""
        for _ in range(50):
            try:
                return self.socket.connect(address)
            except ConnectionRefusedError:
                time.sleep(0.02)
        raise AssertionError("nobody listens")

    def say(self, text):
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())

    def hear(self, limit=ANSWER_LIMIT):
        lines = []
        end = time.monotonic() + limit
        while not lines or lines[-1][3:4] == "-":
            line = self._line(end)
            if line is None:
                return lines
            lines.append(line)
        return lines

    def _line(self, end):
        while b"\r\n" not in self._unread:
            if not self._is_readable(max(0, end - time.monotonic())):
                raise AssertionError(f"no answer in time behind {self._unread!r}")
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                piece = b""
            if not piece:
                return None
            self._unread += piece
        line, self._unread = self._unread.split(b"\r\n", 1)
        return line.decode()

    def ask(self, command):
        self.say(command if isinstance(command, bytes) else command + "\r\n")
        return self.hear()

    def follow(self, *exchanges):
        for command, answer in exchanges:
            expect(self.ask(command), [answer], f"the answer to {command!r}")

    def greet(self):
        expect(self.hear(), [GREETING], "the greeting")
        expect(self.ask("EHLO client.example"), OFFERS, "the answer to EHLO")
        return self

    def send_letter(self, text=MESSAGE):
        self.follow(*ENVELOPE, (text, ACCEPTED))

    def quit(self):
        self.follow(("QUIT", CLOSING))
        expect(self.hear(), [], "behind QUIT's answer")
        self.close()

    def close(self):
        self.socket.close()

    def is_silent(self, seconds):
        return not self._unread and not self._is_readable(seconds)

    def _is_readable(self, seconds):
        readable = select.poll()  # select(2) knows no descriptor behind the 1024th
        readable.register(self.socket, select.POLLIN)
        return bool(readable.poll(seconds * 1000))


class KeptFriend:
    def __init__(self, bench, script="", listen="smtp", is_started=True, is_met=False, friend=None,
                 **settings):
        """`is_met`: sshsm and whoever wants its status find it; the directory is the mail user's."""
        self.bench = bench
        self.rig = bench.rig
        self.directory = tempfile.mkdtemp(prefix="k", dir=bench.rig.directory)
        bench.at_end(lambda: shutil.rmtree(self.directory, ignore_errors=True))
        os.chown(self.directory, self.rig.mail_user.pw_uid, self.rig.mail_user.pw_gid)
        self.path = os.path.join(self.directory, "s")
        settings = {name.replace("_", "-"): value for name, value in settings.items()}
        settings = {"helo": "here.example", "listen": f"{listen}:{self.path}", **settings}
        sshd = settings.pop("sshd", None)
        if friend is None:
            friend = bench.friend(script, settings=settings, sshd=sshd)
        else:
            friend.settings.update(settings)
            friend.write_configuration()
        self.friend = friend
        if is_met:
            os.chown(friend.directory, self.rig.mail_user.pw_uid, -1)
        self.process = None
        if is_started:
            self.start()

    def pin_any_port(self):
        key = self.friend.sshd.host_keys["ed25519"]
        self.friend.write_pins([f"[127.0.0.1]:* {key}"])

    def start(self, *prefix, environment=None):
        program = os.path.join(self.rig.build, "src", "sshsmd")
        self.logged = self.rig.syslog.count()
        self.trace = open(os.path.join(self.directory, "trace"), "wb")
        self.process = subprocess.Popen(
            [*self.rig.wrapper, *prefix, program, "-v", "--config-dir", self.friend.directory, "friend"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.trace,
            start_new_session=True, env={**self.rig.environment, **(environment or {})}, cwd="/")
        self.bench.at_end(self._kill)
        self.bench.wait_until(self._answers, "sshsmd listens")

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"sshsmd ended: {self.process.returncode}: {self.said()}")
        return os.path.exists(self.path)

    def _kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.trace.close()

    def said(self):
        """What -v wrote."""
        with open(os.path.join(self.directory, "trace"), encoding="utf-8") as file:
            return file.read()

    def speaker(self):
        speaker = Speaker(self.path)
        self.bench.at_end(speaker.close)
        return speaker

    def greeted(self):
        return self.speaker().greet()

    def greets(self):
        """Whether a client would hear a greeting that is none of 421."""
        speaker = Speaker(self.path)
        try:
            return speaker.hear()[0].startswith("220 ")
        finally:
            speaker.close()

    def signal(self, number):
        self.process.send_signal(number)

    def ends(self, status, limit=20):
        try:
            expect(self.process.wait(limit), status, "the exit status")
        except subprocess.TimeoutExpired:
            raise AssertionError(f"sshsmd did not end within {limit} s") from None

    def log(self):
        if self.rig.syslog.reason:
            raise Skip(self.rig.syslog.reason)
        return [text for _, text in self.rig.syslog.lines_of(self.process.pid, self.logged)]

    def status(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
            asked.connect(self.friend.path("friend.status"))
            return json.loads(asked.makefile().read())

    def descriptors(self):
        """Of the keeper, and of its attendant."""
        return [len(os.listdir(f"/proc/{pid}/fd")) for pid in [self.process.pid, *self.attendants()]]

    def attendants(self):
        return children_of(self.process.pid)

    def has_line(self):
        return self.said().count("line up") != self.said().count("line down")

    def memory(self):
        """Private memory of the sandboxed process in kB."""
        return private_memory(self.process.pid)

    def stays_small(self):
        """Whatever its clients and its host do. A sanitizer, whose build has no sandbox, takes memory of its own."""
        if self.rig.is_built_with_sandbox():
            expect(self.memory() < 20000, True, f"memory {self.memory()} kB")

    # --- the far side ---

    def sessions(self):
        """What the mail server received, session by session, where none ran beside another."""
        return [b"EHLO" + text for text in self.friend.transcript().split(b"EHLO")[1:]]

    def delivers(self, count, limit=10):
        self.bench.wait_until(lambda: len(self.friend.messages()) >= count,
                              f"{count} messages arrived", limit)
        expect(len(self.friend.messages()), count, "delivered messages")

    def sinks(self):
        """The processes of the mail server."""
        return processes_with(self.friend.path("script"))

    def line_processes(self):
        """sshd's children that carry our connections: the parents of the parents of the sinks."""
        return {parent_of(pid) for pid in self.sinks()}

    def refusal(self, code, rest):
        return self.friend.reply_line(code, rest)


def processes_with(word):
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if word.encode() in words:
            found.append(int(name))
    return sorted(found)


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def tree_of(pid):
    """A process and all that came of it."""
    return [pid] + [one for child in children_of(pid) for one in tree_of(child)]


def private_memory(pid):
    """In kB, without what is of a file: how much of that is private depends on who else runs."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Anonymous:"))


def parent_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return int(re.sub(r"^.*\) ", "", file.read()).split()[1])


def served(kept):
    """A keeper with one parked mail server."""
    client = kept.greeted()
    client.send_letter()
    client.quit()
    return kept


def kill(processes):
    for pid in processes:
        os.kill(pid, signal.SIGKILL)
