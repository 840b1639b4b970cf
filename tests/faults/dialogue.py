"""A mail server's side of an SMTP or LMTP conversation, which survives whatever the other one does.

Dialogue   two descriptors, and a time at which everything on them is over
Caller     brings letters through one, and knows what he was told of each
"""

import os
import select
import time

# What the bringer of a letter to one recipient knows.
ACCEPTED = "accepted"    # 2yz behind the final dot
FAILED = "failed"        # refused, or told before the final dot that it will not be
DOUBTFUL = "doubtful"    # told that it may have been delivered
UNHEARD = "unheard"      # the final dot was sent, and no answer came
UNSENT = "unsent"        # the final dot was never sent
DOUBT = "may have been delivered"


class Dialogue:
    def __init__(self, input_fd, output_fd, end):
        self._to, self._from = input_fd, output_fd
        self._end = end
        self._unread = b""
        self._is_over = False
        self.record = []
        for descriptor in (input_fd, output_fd):
            os.set_blocking(descriptor, False)

    def _wait(self, writes):
        ready = select.select([] if self._is_over else [self._from], [self._to] if writes else [], [],
                              max(0, self._end - time.monotonic()))
        return ready[0], ready[1]

    def is_late(self):
        return time.monotonic() >= self._end

    def _read(self):
        try:
            piece = os.read(self._from, 65536)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        self._is_over = not piece
        self._unread += piece

    def say(self, octets):
        """False where nobody listens any more."""
        self.record.append("> " + repr(octets[:100]))
        while octets and not self.is_late():
            readable, writable = self._wait(True)
            if readable:
                self._read()
            if writable:
                try:
                    octets = octets[os.write(self._to, octets):]
                except BlockingIOError:
                    pass
                except OSError:
                    return False
        return not octets

    def hear(self):
        """One reply as a list of lines; none where there is none any more."""
        lines = []
        while not lines or lines[-1][3:4] == "-":
            while b"\n" not in self._unread:
                if self._is_over or self.is_late():
                    self.record.append(f"< nothing, behind {lines} and {self._unread!r}")
                    return []
                if self._wait(False)[0]:
                    self._read()
            line, self._unread = self._unread.split(b"\n", 1)
            lines.append(line.decode("utf-8", "replace").rstrip("\r"))
        self.record.append("< " + " | ".join(lines)[:400])
        return lines


class Left(Exception):
    """The caller goes away, as the scenario has it."""


class Caller:
    """leaves: None, or at which of his words he goes away, and how much of it he says still (0 to 1)."""

    def __init__(self, dialogue, letters, *, speaks_lmtp, pipelines, leaves):
        self._dialogue = dialogue
        self._letters = letters
        self._speaks_lmtp = speaks_lmtp
        self._pipelines = pipelines
        self._leaves = leaves
        self._words = 0
        self.has_left = False
        # DATA was answered 354 for a letter.
        self.begun = set()
        self.fates = {(letter.name, path): UNSENT for letter in letters for path in letter.recipients}

    def run(self):
        try:
            if self._is_greeted() and all(self._bring(letter) for letter in self._letters):
                self._ask(b"QUIT\r\n")
        except Left:
            self.has_left = True

    def _say(self, octets):
        self._words += 1
        if self._leaves and self._words == self._leaves[0]:
            self._dialogue.say(octets[:int(len(octets) * self._leaves[1])])
            raise Left
        return self._dialogue.say(octets)

    def _ask(self, octets):
        self._say(octets)
        return self._dialogue.hear()

    def _is_greeted(self):
        greeting = self._dialogue.hear()
        if not good(greeting, "2"):
            self._bid_farewell(greeting)
            return False
        answer = self._ask(b"LHLO here.example\r\n" if self._speaks_lmtp else b"EHLO here.example\r\n")
        self._pipelines = self._pipelines and any(line[4:] == "PIPELINING" for line in answer)
        return good(answer, "2")

    def _bid_farewell(self, reply):
        """Whoever was told 421 may still say QUIT."""
        if reply:
            self._ask(b"QUIT\r\n")

    def _envelope(self, letter):
        commands = [b"MAIL FROM:" + letter.sender.encode() + b"\r\n"]
        commands += [b"RCPT TO:" + path.encode() + b"\r\n" for path in letter.recipients]
        return commands + [b"DATA\r\n"]

    def _bring(self, letter):
        """False where the session is over."""
        replies = self._ask_envelope(self._envelope(letter))
        if replies is None:
            return False
        taken = [path for path, reply in zip(letter.recipients, replies[1:]) if good(reply, "2")]
        for path in letter.recipients:
            if path not in taken:
                self.fates[letter.name, path] = FAILED
        if len(replies) < len(letter.recipients) + 2 or not good(replies[-1], "3"):
            for path in taken:
                self.fates[letter.name, path] = FAILED
            return good(self._ask(b"RSET\r\n"), "2")
        return self._send(letter, taken)

    def _ask_envelope(self, commands):
        """The replies, up to the first that ends the message; none where the session ended."""
        replies = []
        if self._pipelines:
            self._say(b"".join(commands))
        for command in commands:
            reply = self._dialogue.hear() if self._pipelines else self._ask(command)
            if not reply or reply[-1].startswith("421"):
                self._bid_farewell(reply)
                return None
            replies.append(reply)
            if not self._pipelines and not good(reply, "2") and command[:4] == b"MAIL":
                break
        return replies

    def _send(self, letter, taken):
        self.begun.add(letter.name)
        is_sent = False
        try:
            is_sent = self._say(letter.dialogue_text() if taken else b".\r\n")
        except Left:
            is_sent = self._leaves[1] == 1
            raise
        finally:
            for path in taken:
                self.fates[letter.name, path] = UNHEARD if is_sent else UNSENT
        reply = []
        for path in taken if self._speaks_lmtp else taken[:1]:
            reply = self._dialogue.hear()
            fate = fate_of(reply)
            for told in [path] if self._speaks_lmtp else taken:
                if reply:
                    self.fates[letter.name, told] = fate
            if not reply or reply[-1].startswith("421"):
                self._bid_farewell(reply)
                return False
        if not taken:
            reply = self._dialogue.hear()
        return bool(reply)


def good(reply, digit):
    return bool(reply) and reply[-1].startswith(digit)


def fate_of(reply):
    if good(reply, "2"):
        return ACCEPTED
    return DOUBTFUL if any(DOUBT in line for line in reply) else FAILED
